"""Pods: defaults (also of templates), admission, validation, graceful end, columns."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from simulator.errors import Cause, forbidden
from simulator.kinds.cells import age, columns, since
from simulator.kinds.pod_rules import pod_level_problems
from simulator.objects.metadata import parse_timestamp, suffix
from simulator.objects.resource import Cell, Object
from simulator.objects.validation import LABEL, SAYS_LABEL, bad, duplicate, forbidden_field, required, unsupported

if TYPE_CHECKING:
    from simulator.store.store import Store

COLUMNS = columns("Ready", "Status", "Restarts", "Age", wide=("IP", "Node", "Nominated Node", "Readiness Gates"))
TOKEN_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"  # a path, not a secret  # noqa: S105
NOT_READY = tuple(
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    for key in ("not-ready", "unreachable")
)
CHANGEABLE = ("activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations", "schedulingGates")

# defaults


def default_pod(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    default_spec(spec)
    spec.setdefault("enableServiceLinks", True)


def default_template(template: Object) -> None:
    template.setdefault("metadata", {})
    default_spec(template.setdefault("spec", {}))


def default_spec(spec: Object) -> None:
    for key, value in (
        ("restartPolicy", "Always"),
        ("terminationGracePeriodSeconds", 30),
        ("dnsPolicy", "ClusterFirst"),
        ("schedulerName", "default-scheduler"),
    ):
        if spec.get(key) in (None, ""):
            spec[key] = value
    if spec.get("securityContext") is None:
        spec["securityContext"] = {}
    for group in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(group) or ():
            _default_container(container, bool(spec.get("hostNetwork")))
    for volume in spec.get("volumes") or ():
        _default_volume(volume)


def _default_container(container: Object, host_network: bool) -> None:
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    if not container.get("imagePullPolicy"):
        tag = container.get("image", "").rpartition("/")[2].partition(":")[2]
        container["imagePullPolicy"] = "Always" if tag in ("", "latest") else "IfNotPresent"
    if container.get("resources") is None:
        container["resources"] = {}
    for port in container.get("ports") or ():
        if not port.get("protocol"):
            port["protocol"] = "TCP"
        if host_network and not port.get("hostPort"):
            port["hostPort"] = port.get("containerPort")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(probe) is not None:
            _default_probe(container[probe])
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference is not None:
            reference.setdefault("apiVersion", "v1")


def _default_probe(probe: Object) -> None:
    for key, value in (("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)):
        if not probe.get(key):
            probe[key] = value
    if probe.get("httpGet") is not None:
        probe["httpGet"].setdefault("scheme", "HTTP")
        probe["httpGet"].setdefault("path", "/")


def _default_volume(volume: Object) -> None:
    if len(volume) == 1 and "name" in volume:
        volume["emptyDir"] = {}
    for source in ("configMap", "secret", "downwardAPI", "projected"):
        if volume.get(source) is not None:
            volume[source].setdefault("defaultMode", 420)
    if volume.get("hostPath") is not None:
        volume["hostPath"].setdefault("type", "")


# admission


SYSTEM_PRIORITIES = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}
"""The classes that every cluster has (pkg/apis/scheduling/v1/helpers.go)."""


def prepare_pod(store: Store, obj: Object, old: Object | None) -> None:
    """On creation: an empty status, the service account and its token volume, the usual tolerations."""
    if old is not None:
        return
    spec = obj["spec"]
    obj["status"] = {"phase": "Pending", "qosClass": _quality(spec)}
    _admit_account(store, obj)
    tolerations = spec.setdefault("tolerations", [])
    for toleration in NOT_READY:
        if not any(t.get("key") in (None, "", toleration["key"]) for t in tolerations):
            tolerations.append(dict(toleration))
    _admit_priority(store, obj)


def _admit_priority(store: Store, obj: Object) -> None:
    """The priority that a pod's class gives it, else the default class (plugin/pkg/admission/priority)."""
    from simulator.kinds.table import RESOURCES

    spec, classes = obj["spec"], RESOURCES.of("scheduling.k8s.io/v1", "PriorityClass")
    name = spec.get("priorityClassName") or ""
    found: Object = {"value": SYSTEM_PRIORITIES[name]} if name in SYSTEM_PRIORITIES else {}
    if name and not found:
        found = store.get(classes, None, name) or {}
        if not found:
            why = f"no PriorityClass with name {name} was found"
            raise forbidden(RESOURCES.of("v1", "Pod"), obj["metadata"].get("name", ""), why)
    elif not name:
        usual = [one for one in store.list(classes) if one.get("globalDefault")]
        found = min(usual, key=lambda one: int(one.get("value") or 0), default={})
        if found:
            spec["priorityClassName"] = found["metadata"]["name"]
    value = int(found.get("value") or 0)
    given = spec.setdefault("priority", value)
    if given != value:
        why = (
            f"the integer value of priority ({given}) must not be provided in pod spec; "
            f"priority admission controller computed {value} from the given PriorityClass name"
        )
        raise forbidden(RESOURCES.of("v1", "Pod"), obj["metadata"].get("name", ""), why)
    spec.setdefault("preemptionPolicy", found.get("preemptionPolicy") or "PreemptLowerPriority")


def _admit_account(store: Store, obj: Object) -> None:
    from simulator.kinds.table import RESOURCES  # the table is made of this module's rows

    spec, metadata = obj["spec"], obj["metadata"]
    account = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = account
    namespace = metadata.get("namespace") or "default"
    found = store.get(RESOURCES.of("v1", "ServiceAccount"), namespace, account)
    if found is None and account != "default":
        why = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
        raise forbidden(RESOURCES.of("v1", "Pod"), metadata.get("name", ""), why)
    if spec.get("automountServiceAccountToken", (found or {}).get("automountServiceAccountToken", True)) is False:
        return
    if any(v.get("name", "").startswith("kube-api-access-") for v in spec.get("volumes") or ()):
        return
    name = "kube-api-access-" + suffix(store.random)
    added = False
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        mounts = container.setdefault("volumeMounts", [])
        if not any(mount.get("mountPath") == TOKEN_MOUNT for mount in mounts):
            mounts.append({"name": name, "readOnly": True, "mountPath": TOKEN_MOUNT})
            added = True
    if added:
        spec.setdefault("volumes", []).append(_token_volume(name))


def _token_volume(name: str) -> Object:
    certificate = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": certificate},
        {"downwardAPI": {"items": [namespace]}},
    ]
    return {"name": name, "projected": {"sources": sources, "defaultMode": 420}}


def _quality(spec: Object) -> str:
    limited = [c.get("resources") or {} for c in spec.get("containers") or ()]
    if not any(r.get("limits") or r.get("requests") for r in limited):
        return "BestEffort"
    for one in limited:
        limits, requests = one.get("limits") or {}, one.get("requests") or one.get("limits") or {}
        if not {"cpu", "memory"} <= limits.keys() or any(requests.get(k) != limits[k] for k in ("cpu", "memory")):
            return "Burstable"
    return "Guaranteed"


def grace(obj: Object, asked: int | None) -> int:
    """The grace period of a deletion (pkg/registry/core/pod/strategy.go CheckGracefulDelete)."""
    period = asked if asked is not None else (obj.get("spec") or {}).get("terminationGracePeriodSeconds") or 0
    if not (obj.get("spec") or {}).get("nodeName"):
        return 0
    if (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    return period if period >= 0 else 1


# validation


def validate_pod(obj: Object, old: Object | None) -> list[Cause]:
    causes = spec_problems(obj.get("spec") or {}, "spec")
    if old is not None:
        causes += _update_problems(obj, old)
    return causes


def _update_problems(obj: Object, old: Object) -> list[Cause]:
    def fixed(spec: Object) -> Any:
        rest = {key: value for key, value in spec.items() if key not in CHANGEABLE}
        for group in ("containers", "initContainers"):
            if rest.get(group):
                rest[group] = [{k: v for k, v in c.items() if k not in ("image", "resources")} for c in rest[group]]
        return {key: value for key, value in rest.items() if value not in (None, [], {}, "")}

    if fixed(obj.get("spec") or {}) == fixed(old.get("spec") or {}):
        return []
    why = (
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
        "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
    )
    return [forbidden_field("spec", why)]


def spec_problems(spec: Object, path: str) -> list[Cause]:
    causes: list[Cause] = []
    listed = spec.get("containers") or []
    if not listed:
        causes.append(required(f"{path}.containers"))
    names: list[str] = []
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group) or ()):
            causes += _container_problems(container, f"{path}.{group}[{index}]", names)
    if spec.get("restartPolicy") not in ("Always", "OnFailure", "Never"):
        allowed = ("Always", "OnFailure", "Never")
        causes.append(unsupported(f"{path}.restartPolicy", spec.get("restartPolicy"), allowed))
    grace_period = spec.get("terminationGracePeriodSeconds")
    if isinstance(grace_period, int) and grace_period < 0:
        causes.append(bad(f"{path}.terminationGracePeriodSeconds", grace_period, "must be greater than or equal to 0"))
    return causes + pod_level_problems(spec, path)


def _container_problems(container: Object, path: str, names: list[str]) -> list[Cause]:
    causes: list[Cause] = []
    name = container.get("name") or ""
    if not name:
        causes.append(required(f"{path}.name"))
    elif not LABEL.match(name) or len(name) > 63:
        causes.append(bad(f"{path}.name", name, SAYS_LABEL))
    elif name in names:
        causes.append(duplicate(f"{path}.name", name))
    names.append(name)
    if not container.get("image"):
        causes.append(required(f"{path}.image"))
    for index, port in enumerate(container.get("ports") or ()):
        number = port.get("containerPort") or 0
        if not number:
            causes.append(required(f"{path}.ports[{index}].containerPort"))
        elif not 0 < number < 65536:
            causes.append(bad(f"{path}.ports[{index}].containerPort", number, "must be between 1 and 65535, inclusive"))
        if port.get("protocol") not in ("TCP", "UDP", "SCTP"):
            allowed = ("SCTP", "TCP", "UDP")
            causes.append(unsupported(f"{path}.ports[{index}].protocol", port.get("protocol"), allowed))
    return causes


# columns (pkg/printers/internalversion/printers.go printPod)


def pod_cells(obj: Object, now: datetime) -> list[Cell]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    statuses = status.get("containerStatuses") or []
    ready = sum(1 for one in statuses if one.get("ready") and "running" in (one.get("state") or {}))
    reasons = [gate.get("conditionType", "") for gate in spec.get("readinessGates") or ()]
    return [
        obj["metadata"]["name"],
        f"{ready}/{len(spec.get('containers') or ())}",
        _reason(obj, statuses, ready),
        _restarts(statuses, now),
        age(obj, now),
        status.get("podIP") or "<none>",
        spec.get("nodeName") or "<none>",
        status.get("nominatedNodeName") or "<none>",
        "<none>" if not reasons else f"0/{len(reasons)}",
    ]


def _reason(obj: Object, statuses: list[Object], ready: int) -> str:
    status = obj.get("status") or {}
    reason: str = status.get("reason") or status.get("phase") or "Unknown"
    if any(c.get("type") == "PodScheduled" and c.get("reason") == "SchedulingGated" for c in _conditions(status)):
        reason = "SchedulingGated"
    running = False
    for one in reversed(statuses):
        state = one.get("state") or {}
        waiting, terminated = state.get("waiting") or {}, state.get("terminated")
        if waiting.get("reason"):
            reason = waiting["reason"]
        elif terminated is not None:
            code, signal = terminated.get("exitCode", 0), terminated.get("signal", 0)
            reason = terminated.get("reason") or (f"Signal:{signal}" if signal else f"ExitCode:{code}")
        elif one.get("ready") and "running" in state:
            running = True
    if reason == "Completed" and running:
        is_ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in _conditions(status))
        reason = "Running" if is_ready else "NotReady"
    if obj["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            return "Unknown"
        if status.get("phase") not in ("Succeeded", "Failed"):
            return "Terminating"
    return reason


def _conditions(status: Object) -> list[Object]:
    return status.get("conditions") or []


def _restarts(statuses: list[Object], now: datetime) -> str:
    count = sum(one.get("restartCount") or 0 for one in statuses)
    ended = [((one.get("lastState") or {}).get("terminated") or {}).get("finishedAt") for one in statuses]
    last = max((moment for moment in ended if moment), default=None)
    if not count or last is None or parse_timestamp(last) > now:
        return str(count)
    return f"{count} ({since(last, now)} ago)"
