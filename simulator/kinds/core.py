"""core/v1, and events.k8s.io/v1, which shows the same events."""

from simulator.kinds.rows import PROXY_VERBS, SCALE, STATUS_VERBS, row
from simulator.resource import Resource, Subresource

POD_SUBRESOURCES = (
    Subresource("attach", "PodAttachOptions", ("create", "get")),
    Subresource("binding", "Binding", ("create",)),
    Subresource("ephemeralcontainers", "Pod", STATUS_VERBS),
    Subresource("eviction", "Eviction", ("create",), "policy", "v1"),
    Subresource("exec", "PodExecOptions", ("create", "get")),
    Subresource("log", "Pod", ("get",)),
    Subresource("portforward", "PodPortForwardOptions", ("create", "get")),
    Subresource("proxy", "PodProxyOptions", PROXY_VERBS),
    Subresource("resize", "Pod", STATUS_VERBS),
)
NAMESPACE_VERBS = ("create", "delete", "get", "list", "patch", "update", "watch")

ROWS: tuple[Resource, ...] = (
    row("", "v1", "Binding", "bindings", verbs=("create",)),
    row(
        "", "v1", "ComponentStatus", "componentstatuses",
        namespaced=False, short_names=("cs",), verbs=("get", "list"),
    ),
    row("", "v1", "ConfigMap", "configmaps", short_names=("cm",)),
    row("", "v1", "Endpoints", "endpoints", short_names=("ep",)),
    row("", "v1", "Event", "events", short_names=("ev",)),
    row("", "v1", "LimitRange", "limitranges", short_names=("limits",)),
    row(
        "", "v1", "Namespace", "namespaces",
        namespaced=False, short_names=("ns",), verbs=NAMESPACE_VERBS, status=True,
        subresources=(Subresource("finalize", "Namespace", ("update",)),),
    ),
    row(
        "", "v1", "Node", "nodes", namespaced=False, short_names=("no",), status=True,
        subresources=(Subresource("proxy", "NodeProxyOptions", PROXY_VERBS),),
    ),
    row("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", short_names=("pvc",), status=True),
    row("", "v1", "PersistentVolume", "persistentvolumes", namespaced=False, short_names=("pv",), status=True),
    row(
        "", "v1", "Pod", "pods", short_names=("po",), categories=("all",), status=True,
        generation=("spec",), subresources=POD_SUBRESOURCES,
    ),
    row("", "v1", "PodTemplate", "podtemplates"),
    row(
        "", "v1", "ReplicationController", "replicationcontrollers",
        short_names=("rc",), categories=("all",), subresources=(SCALE,), status=True,
    ),
    row("", "v1", "ResourceQuota", "resourcequotas", short_names=("quota",), status=True),
    row("", "v1", "Secret", "secrets"),
    row(
        "", "v1", "ServiceAccount", "serviceaccounts", short_names=("sa",),
        subresources=(Subresource("token", "TokenRequest", ("create",), "authentication.k8s.io", "v1"),),
    ),
    row(
        "", "v1", "Service", "services", short_names=("svc",), categories=("all",), status=True,
        subresources=(Subresource("proxy", "ServiceProxyOptions", PROXY_VERBS),),
    ),
)  # fmt: skip

EVENTS_GROUP: tuple[Resource, ...] = (
    row("events.k8s.io", "v1", "Event", "events", short_names=("ev",), list_key="events"),
)
