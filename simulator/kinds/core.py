"""core/v1, and events.k8s.io/v1, which shows the same events."""

from collections.abc import Callable

from simulator.kinds import config_rules, plain_cells, pods, service_rules, services, shared_forms, stored_cells
from simulator.kinds.plain import default_namespace, default_secret, prepare_namespace
from simulator.kinds.rows import PROXY_VERBS, SCALE, STATUS_VERBS, row
from simulator.kinds.workload_rules import REPLICA_SET_COLUMNS, replica_set_cells
from simulator.objects.resource import Object, Resource, Subresource, at_path, by_path

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
POD_FIELDS = (
    "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
    "status.phase", "status.podIP", "status.nominatedNodeName",
)  # fmt: skip


def _either(*paths: str) -> Callable[[Object], str]:
    """The first of these paths that an event has: it may be stored in either group's form."""
    return lambda obj: next((found for path in paths if (found := at_path(obj, path))), "")


EVENT_FIELDS = {
    **by_path("reason", "type"),
    **{
        f"{about}.{part}": _either(f"involvedObject.{part}", f"regarding.{part}")
        for about in ("involvedObject", "regarding")
        for part in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
    },
    "reportingComponent": _either("reportingComponent", "reportingController"),
    "reportingController": _either("reportingComponent", "reportingController"),
    "source": _either("source.component", "deprecatedSource.component", "reportingComponent", "reportingController"),
}
"""By both groups' names: records of either are selected by the same index."""
ENDPOINTS_WARNING = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
NAMESPACE_VERBS = ("create", "delete", "get", "list", "patch", "update", "watch")

ANSWERED = {"returns_deleted": True}
PV = {"status": True, **ANSWERED}
ROWS: tuple[Resource, ...] = (
    row("", "v1", "Binding", "bindings", verbs=("create",)),
    row(
        "", "v1", "ComponentStatus", "componentstatuses",
        namespaced=False, short_names=("cs",), verbs=("get", "list"),
    ),
    row(
        "", "v1", "ConfigMap", "configmaps", short_names=("cm",), validate=config_rules.validate_config_map,
        columns=plain_cells.CONFIG_MAP_COLUMNS, cells=plain_cells.config_map_cells,
    ),
    row(
        "", "v1", "Endpoints", "endpoints", singular="endpoints", short_names=("ep",), warning=ENDPOINTS_WARNING,
        validate=service_rules.validate_endpoints,
        columns=services.ENDPOINTS_COLUMNS, cells=services.endpoints_cells,
    ),
    row(
        "", "v1", "Event", "events", short_names=("ev",), selectable=EVENT_FIELDS,
        list_key="events", convert=shared_forms.core_event, validate=shared_forms.validate_core_event,
        columns=plain_cells.EVENT_COLUMNS, cells=plain_cells.event_cells,
    ),
    row("", "v1", "LimitRange", "limitranges", short_names=("limits",)),
    row(
        "", "v1", "Namespace", "namespaces",
        namespaced=False, short_names=("ns",), verbs=NAMESPACE_VERBS, status=True,
        name_rule="label", returns_deleted=True, selectable=by_path("status.phase"), defaults=default_namespace,
        prepare=prepare_namespace,
        columns=plain_cells.NAMESPACE_COLUMNS, cells=plain_cells.namespace_cells,
        subresources=(Subresource("finalize", "Namespace", ("update",)),),
    ),
    row(
        "", "v1", "Node", "nodes", namespaced=False, short_names=("no",), status=True,
        selectable=by_path("spec.unschedulable"),
        columns=plain_cells.NODE_COLUMNS, cells=plain_cells.node_cells,
        subresources=(Subresource("proxy", "NodeProxyOptions", PROXY_VERBS),),
    ),
    row(
        "", "v1", "PersistentVolumeClaim", "persistentvolumeclaims",
        short_names=("pvc",), status=True, **ANSWERED, **stored_cells.CLAIM,
    ),
    row(
        "", "v1", "PersistentVolume", "persistentvolumes",
        namespaced=False, short_names=("pv",), **PV, **stored_cells.VOLUME,
    ),
    row(
        "", "v1", "Pod", "pods", short_names=("po",), categories=("all",), status=True,
        generation=("spec",), subresources=POD_SUBRESOURCES, selectable=by_path(*POD_FIELDS), returns_deleted=True,
        defaults=pods.default_pod, prepare=pods.prepare_pod, validate=pods.validate_pod, graceful=pods.grace,
        columns=pods.COLUMNS, cells=pods.pod_cells,
    ),
    row("", "v1", "PodTemplate", "podtemplates", **ANSWERED),
    row(
        "", "v1", "ReplicationController", "replicationcontrollers",
        short_names=("rc",), categories=("all",), subresources=(SCALE,), status=True, generation=("spec",),
        columns=REPLICA_SET_COLUMNS, cells=replica_set_cells,
    ),
    row(
        "", "v1", "ResourceQuota", "resourcequotas",
        short_names=("quota",), status=True, **ANSWERED, **stored_cells.QUOTA,
    ),
    row(
        "", "v1", "Secret", "secrets", selectable=by_path("type"),
        defaults=default_secret, validate=config_rules.validate_secret,
        columns=plain_cells.SECRET_COLUMNS, cells=plain_cells.secret_cells,
    ),
    row(
        "", "v1", "ServiceAccount", "serviceaccounts", short_names=("sa",), returns_deleted=True,
        columns=plain_cells.SERVICE_ACCOUNT_COLUMNS, cells=plain_cells.aged_cells,
        subresources=(Subresource("token", "TokenRequest", ("create",), "authentication.k8s.io", "v1"),),
    ),
    row(
        "", "v1", "Service", "services", short_names=("svc",), categories=("all",), status=True,
        name_rule="label1035", returns_deleted=True, selectable=by_path("spec.clusterIP", "spec.type"),
        defaults=services.default_service, prepare=service_rules.prepare_service,
        validate=service_rules.validate_service,
        columns=services.SERVICE_COLUMNS, cells=services.service_cells,
        subresources=(Subresource("proxy", "ServiceProxyOptions", PROXY_VERBS),),
    ),
)  # fmt: skip

EVENTS_GROUP: tuple[Resource, ...] = (
    row(
        "events.k8s.io",
        "v1",
        "Event",
        "events",
        short_names=("ev",),
        selectable=EVENT_FIELDS,
        list_key="events",
        convert=shared_forms.new_event,
        validate=shared_forms.validate_new_event,
        columns=plain_cells.EVENT_COLUMNS,
        cells=shared_forms.event_cells,
    ),
)
