"""Which lists are maps or sets, and which types are one indivisible value, in server-side apply.

Where a field's patch merge key says the same nothing stands here. Source: the ``+listType``, ``+listMapKey`` and
``+structType`` markers of k8s.io/api, which its OpenAPI document shows as ``x-kubernetes-list-type`` and so on.
"""

from __future__ import annotations

LIST_KEYS: dict[tuple[str, str], tuple[str, ...]] = {
    ("core/v1.Container", "ports"): ("containerPort", "protocol"),
    ("core/v1.EphemeralContainerCommon", "ports"): ("containerPort", "protocol"),
    ("core/v1.ServiceSpec", "ports"): ("port", "protocol"),
    ("core/v1.PodSpec", "topologySpreadConstraints"): ("topologyKey", "whenUnsatisfiable"),
    ("core/v1.PodStatus", "podIPs"): ("ip",),
    ("core/v1.PodStatus", "hostIPs"): (),
    ("core/v1.PodStatus", "initContainerStatuses"): (),
    ("core/v1.PodStatus", "containerStatuses"): (),
    ("core/v1.PodStatus", "ephemeralContainerStatuses"): (),
    ("core/v1.NodeStatus", "addresses"): ("type",),
    ("core/v1.ServiceAccount", "secrets"): ("name",),
    ("core/v1.ServiceAccount", "imagePullSecrets"): (),
    ("discovery/v1.EndpointSlice", "endpoints"): (),
    ("networking/v1.IngressSpec", "rules"): (),
}
SETS = frozenset({("meta/v1.ObjectMeta", "finalizers"), ("core/v1.NodeSpec", "podCIDRs")})
ATOMIC_TYPES = frozenset(
    {
        "meta/v1.LabelSelector", "core/v1.ObjectReference", "core/v1.LocalObjectReference",
        "core/v1.TypedLocalObjectReference", "core/v1.SecretReference", "core/v1.ConfigMapKeySelector",
        "core/v1.SecretKeySelector", "core/v1.ObjectFieldSelector", "core/v1.ResourceFieldSelector",
        "core/v1.FileKeySelector", "core/v1.NodeSelector", "core/v1.NodeSelectorTerm", "core/v1.EndpointAddress",
        "core/v1.EndpointPort", "core/v1.ScopeSelector", "core/v1.ScopedResourceSelectorRequirement",
        "core/v1.TopologySelectorTerm", "core/v1.ClusterTrustBundleProjection.labelSelector",
        "rbac/v1.RoleRef", "rbac/v1.Subject", "discovery/v1.EndpointPort", "meta/v1.OwnerReference",
        "storage/v1.CSIStorageCapacity.nodeTopology", "networking/v1.IngressServiceBackend.port",
        "networking/v1.ServiceBackendPort", "autoscaling/v1.CrossVersionObjectReference",
    }
)  # fmt: skip
ATOMIC_MAPS = frozenset({("core/v1.ServiceSpec", "selector"), ("core/v1.PodSpec", "nodeSelector")})
