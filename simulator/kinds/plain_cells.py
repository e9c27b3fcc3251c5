"""Columns of the kinds whose rows need no module of their own (pkg/printers/internalversion/printers.go)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from simulator.kinds.cells import age, columns, joined, labels_text, name, since
from simulator.objects.resource import Cell, Object

NAMESPACE_COLUMNS = columns("Status", "Age")
CONFIG_MAP_COLUMNS = columns("Data", "Age")
SECRET_COLUMNS = columns("Type", "Data:integer", "Age")
SERVICE_ACCOUNT_COLUMNS = columns("Age")
LEASE_COLUMNS = columns("Holder", "Age")
ROLE_COLUMNS = columns("Created At")
BINDING_COLUMNS = columns("Role", "Age", wide=("Users", "Groups", "ServiceAccounts"))
INGRESS_COLUMNS = columns("Class", "Hosts", "Address", "Ports", "Age")
INGRESS_CLASS_COLUMNS = columns("Controller", "Parameters", "Age")
HPA_COLUMNS = columns("Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age")
CRON_JOB_COLUMNS = columns(
    "Schedule", "Timezone", "Suspend:boolean", "Active:integer", "Last Schedule", "Age",
    wide=("Containers", "Images", "Selector"),
)  # fmt: skip
JOB_COLUMNS = columns("Status", "Completions", "Duration", "Age", wide=("Containers", "Images", "Selector"))
NODE_COLUMNS = columns(
    "Status", "Roles", "Age", "Version",
    wide=("Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime"),
)  # fmt: skip
EVENT_COLUMNS = (
    *columns("Last Seen", "Type", "Reason", "Object", wide=("Subobject", "Source"))[1:],
    *columns("Message", wide=("First Seen", "Count:integer", "Name"))[1:],
)


def namespace_cells(obj: Object, now: datetime) -> list[Cell]:
    return [name(obj), (obj.get("status") or {}).get("phase", ""), age(obj, now)]


def config_map_cells(obj: Object, now: datetime) -> list[Cell]:
    return [name(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), age(obj, now)]


def secret_cells(obj: Object, now: datetime) -> list[Cell]:
    return [name(obj), obj.get("type"), len(obj.get("data") or ()), age(obj, now)]


def aged_cells(obj: Object, now: datetime) -> list[Cell]:
    return [name(obj), age(obj, now)]


def lease_cells(obj: Object, now: datetime) -> list[Cell]:
    return [name(obj), (obj.get("spec") or {}).get("holderIdentity") or "", age(obj, now)]


def role_cells(obj: Object, now: datetime) -> list[Cell]:
    return [name(obj), obj["metadata"].get("creationTimestamp", "")]


def binding_cells(obj: Object, now: datetime) -> list[Cell]:
    reference = obj.get("roleRef") or {}
    by_kind: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in obj.get("subjects") or ():
        named = subject.get("name", "")
        if subject.get("kind") == "ServiceAccount":
            named = f"{subject.get('namespace', '')}/{named}"
        by_kind.setdefault(subject.get("kind", ""), []).append(named)
    who = [", ".join(by_kind[kind]) for kind in ("User", "Group", "ServiceAccount")]
    return [name(obj), f"{reference.get('kind')}/{reference.get('name')}", age(obj, now), *who]


def ingress_cells(obj: Object, now: datetime) -> list[Cell]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    hosts = joined((rule.get("host") or "*" for rule in spec.get("rules") or ()), empty="*")
    ingress = (status.get("loadBalancer") or {}).get("ingress") or ()
    address = ",".join(one.get("ip") or one.get("hostname") or "" for one in ingress)
    ports = "80, 443" if spec.get("tls") else "80"
    return [name(obj), spec.get("ingressClassName") or "<none>", hosts, address, ports, age(obj, now)]


def ingress_class_cells(obj: Object, now: datetime) -> list[Cell]:
    spec = obj.get("spec") or {}
    parameters = spec.get("parameters") or {}
    kind = ".".join(part for part in (parameters.get("kind"), parameters.get("apiGroup")) if part)
    shown = f"{kind}/{parameters.get('name')}" if parameters else "<none>"
    return [name(obj), spec.get("controller", ""), shown, age(obj, now)]


def hpa_cells(obj: Object, now: datetime) -> list[Cell]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    target = spec.get("scaleTargetRef") or {}
    smallest = spec.get("minReplicas")
    return [
        name(obj),
        f"{target.get('kind')}/{target.get('name')}",
        ", ".join(map(_target, spec.get("metrics") or ())) or "<none>",
        "<unset>" if smallest is None else str(smallest),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        age(obj, now),
    ]


def _target(metric: Object) -> str:
    """What a metric should be, as nobody has measured it (formatHPAMetrics)."""
    source = str(metric.get("type", ""))
    of = metric.get(source[:1].lower() + source[1:]) or {}
    target = of.get("target") or {}
    if target.get("averageUtilization") is not None:
        wanted = f"{target['averageUtilization']}%"
    elif target.get("averageValue") is not None:
        wanted = f"{target['averageValue']}{' (avg)' if source in ('Object', 'External') else ''}"
    else:
        wanted = str(target.get("value", "<auto>"))
    return f"{of['name']}: <unknown>/{wanted}" if source in ("Resource", "ContainerResource") else f"<unknown>/{wanted}"


def cron_job_cells(obj: Object, now: datetime) -> list[Cell]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    last = status.get("lastScheduleTime")
    shown = since(last, now) if last else "<none>"
    template = ((spec.get("jobTemplate") or {}).get("spec") or {}).get("template") or {}
    zone, active = spec.get("timeZone") or "<none>", len(status.get("active") or ())
    fixed = [name(obj), spec.get("schedule"), zone, bool(spec.get("suspend")), active, shown, age(obj, now)]
    return [*fixed, *_images(template), "<none>"]


def job_cells(obj: Object, now: datetime) -> list[Cell]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    types = [c.get("type") for c in status.get("conditions") or () if c.get("status") == "True"]
    shown = "Complete" if "Complete" in types else "Failed" if "Failed" in types else "Running"
    completions = f"{status.get('succeeded', 0)}/{spec.get('completions', 1)}"
    began = status.get("startTime")
    lasted = since(began, now) if began else ""
    selector = labels_text((spec.get("selector") or {}).get("matchLabels"))
    return [name(obj), shown, completions, lasted, age(obj, now), *_images(spec.get("template") or {}), selector]


def _images(template: Object) -> tuple[str, str]:
    listed = (template.get("spec") or {}).get("containers") or ()
    return ",".join(c.get("name", "") for c in listed), ",".join(c.get("image", "") for c in listed)


def node_cells(obj: Object, now: datetime) -> list[Cell]:
    spec, status, labels = obj.get("spec") or {}, obj.get("status") or {}, obj["metadata"].get("labels") or {}
    ready = next((c for c in status.get("conditions") or () if c.get("type") == "Ready"), None)
    shown = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    if spec.get("unschedulable"):
        shown += ",SchedulingDisabled"
    prefix = "node-role.kubernetes.io/"
    roles = sorted(key[len(prefix) :] for key in labels if key.startswith(prefix) and len(key) > len(prefix))
    info: dict[str, Any] = status.get("nodeInfo") or {}
    addresses = {one.get("type"): one.get("address") for one in status.get("addresses") or ()}
    return [
        name(obj),
        shown,
        joined(roles),
        age(obj, now),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP") or "<none>",
        addresses.get("ExternalIP") or "<none>",
        info.get("osImage") or "<unknown>",
        info.get("kernelVersion") or "<unknown>",
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


def event_cells(obj: Object, now: datetime) -> list[Cell]:
    about, source = obj.get("involvedObject") or {}, obj.get("source") or {}
    created = obj["metadata"].get("creationTimestamp")
    first = obj.get("firstTimestamp") or obj.get("eventTime") or created
    last = (obj.get("series") or {}).get("lastObservedTime") or obj.get("lastTimestamp") or first
    component = source.get("component") or obj.get("reportingComponent") or ""
    host = source.get("host") or obj.get("reportingInstance") or ""
    count = (obj.get("series") or {}).get("count") or obj.get("count") or 1
    return [
        since(last, now),
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{about.get('kind', '').lower()}/{about.get('name', '')}" if about.get("name") else "",
        about.get("fieldPath") or "",
        ", ".join(part for part in (component, host) if part),
        (obj.get("message") or "").strip(),
        since(first, now),
        count,
        name(obj),
    ]
