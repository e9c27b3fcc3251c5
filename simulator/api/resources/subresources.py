"""Subresources: scale, status, finalize, token, binding, eviction, log; a clean refusal for those that need a node."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from simulator.api.answer import Answer, encoded, text, wants_pretty
from simulator.api.backend import Call
from simulator.api.decoding import bodies
from simulator.api.negotiation import JSON, PROTOBUF, Form, negotiate
from simulator.api.resources import eviction, reading, writing
from simulator.errors import ApiError, bad_request, conflict, invalid, method_not_allowed, not_found
from simulator.extensions.jsonpath import JsonPath
from simulator.objects.metadata import timestamp
from simulator.objects.resource import Object, Resource, ScalePaths
from simulator.objects.selectors import as_text
from simulator.objects.validation import bad
from simulator.schema import protobuf, schema
from simulator.schema.normalise import Normaliser

Handler = Callable[[Call, Resource], Answer]

SCALE = Resource("autoscaling", "v1", "Scale", "scales", "scale", True, schema="autoscaling/v1.Scale")
SCALE_TITLE = Resource("autoscaling", "v1", "Scale", "scale", "scale", True)
SHORTEST_TOKEN, LONGEST_TOKEN = 600, 1 << 32
PLAIN_UPDATES = ("status", "finalize", "approval", "resize", "ephemeralcontainers")


def handle(call: Call, resource: Resource) -> Answer:
    """Answer a request on a subresource. Raises ``ApiError``: 404 when there is none, 405 for a wrong method."""
    name, method = call.request.target.subresource, call.request.method
    known = resource.subresource(name)
    if known is None:
        raise ApiError(404, "NotFound", "the server could not find the requested resource", {})
    verb = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}.get(method, "")
    if name in PLAIN_UPDATES and verb in known.verbs:
        return _plain(call, resource, name, verb)
    handler = HANDLERS.get((name, verb))
    if handler is None or verb not in known.verbs:
        raise method_not_allowed()
    return handler(call, resource)


def _plain(call: Call, resource: Resource, name: str, verb: str) -> Answer:
    stored = "" if name in ("resize", "ephemeralcontainers") else "status" if name == "approval" else name
    if verb == "get":
        return reading.get(call, resource)
    if verb == "patch":
        return writing.patch(call, resource, stored)
    return writing.update(call, resource, stored)


# scale


def scale_of(obj: Object, resource: Resource) -> Object:
    """The Scale that shows a workload (pkg/registry/apps/deployment/storage/storage.go)."""
    metadata = obj["metadata"]
    spec, status = _scaled_parts(obj, resource.custom.scale if resource.custom is not None else None)
    shown = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    selector = as_text(spec.get("selector"))
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        **Normaliser().struct(
            schema().get(SCALE.schema),
            {
                "metadata": {key: metadata[key] for key in shown if key in metadata},
                "spec": {"replicas": spec.get("replicas") or 0},
                "status": {
                    "replicas": status.get("replicas") or 0,
                    "selector": status.get("selector") or ("" if selector == "<none>" else selector),
                },
            },
        ),
    }


def _scaled_parts(obj: Object, paths: ScalePaths | None) -> tuple[Object, Object]:
    """Spec and status as a Scale shows them; a custom resource's from the paths of its definition."""
    if paths is None:
        return obj.get("spec") or {}, obj.get("status") or {}
    selector = JsonPath(paths.selector).first(obj) if paths.selector else None
    wanted, found = JsonPath(paths.spec_replicas).first(obj), JsonPath(paths.status_replicas).first(obj)
    spec = {"replicas": wanted if isinstance(wanted, int) else 0}
    status = {"replicas": found if isinstance(found, int) else 0}
    return spec, {**status, "selector": selector if isinstance(selector, str) else ""}


def get_scale(call: Call, resource: Resource) -> Answer:
    return _object(call, scale_of(_parent(call, resource), resource))


def update_scale(call: Call, resource: Resource) -> Answer:
    return _scaled(call, resource, bodies.read(call.request, resource, call.warnings, "Scale"))


def patch_scale(call: Call, resource: Resource) -> Answer:
    declared = bodies.media_type(call.request)
    if declared not in writing.PATCHES:
        raise bodies.unsupported_media(writing.PATCHES)
    live = scale_of(_parent(call, resource), resource)
    if declared == writing.APPLY_PATCH:
        patched = writing.read_applied(call.request)
    else:
        patched = writing.patched_text(call, declared, SCALE.schema, live)
    return _scaled(call, resource, bodies.checked(call.request, resource, patched, call.warnings, "Scale"))


def _scaled(call: Call, resource: Resource, scale: Object) -> Answer:
    replicas = (scale.get("spec") or {}).get("replicas") or 0
    name = call.request.target.name
    if replicas < 0:
        cause = bad("spec.replicas", replicas, "must be greater than or equal to 0")
        raise invalid(SCALE_TITLE, name, [cause])
    obj = _parent(call, resource)
    version = scale["metadata"].get("resourceVersion")
    if version and version != obj["metadata"]["resourceVersion"]:
        raise conflict(resource, name)
    if resource.custom is not None and resource.custom.scale is not None:
        _put(obj, resource.custom.scale.spec_replicas, replicas)
    else:
        obj["spec"]["replicas"] = replicas
    track = writing.tracker(call, resource, "scale")
    stored = writing.update_object(call, resource, obj, "", track)
    return _object(call, scale_of(stored, resource))


def _put(obj: Object, path: str, value: int) -> None:
    """Set the field at a plain path (``.spec.replicas``)."""
    *parents, last = path.strip(".").split(".")
    for part in parents:
        inner = obj.get(part)
        obj[part] = obj = inner if isinstance(inner, dict) else {}
    obj[last] = value


def _parent(call: Call, resource: Resource) -> Object:
    target = call.request.target
    found = call.backend.store.get(resource, target.namespace or None, target.name)
    if found is None:
        raise not_found(resource, target.name)
    return found


def _object(call: Call, obj: Object, status: int = 200) -> Answer:
    form = negotiate(call.request.header("accept"))
    return object_answer(call, obj, form, status)


def object_answer(call: Call, obj: Object, form: Form, status: int = 200) -> Answer:
    """An object that is not stored, in the form that was asked for."""
    body = encoded(obj, form, wants_pretty(call.request.query, call.request.header("user-agent")))
    fell_back = form.media_type == PROTOBUF and not body.startswith(protobuf.MAGIC)
    return Answer(status, JSON if fell_back else form.media_type, body)


# tokens


def create_token(call: Call, resource: Resource) -> Answer:
    """TokenRequest (pkg/registry/core/serviceaccount/storage/token.go)."""
    wanted = bodies.read(call.request, resource, call.warnings, "TokenRequest")
    account = _parent(call, resource)
    spec = wanted.get("spec") or {}
    seconds = spec.get("expirationSeconds")
    seconds = 3600 if seconds is None else seconds
    _check_seconds(account["metadata"]["name"], seconds)
    reference = _bound_object(call, spec.get("boundObjectRef"))
    now = call.backend.clock.now()
    audiences = [one for one in spec.get("audiences") or () if one] or None
    token = call.backend.issuer.bound(account, int(now.timestamp()), seconds, audiences=audiences, reference=reference)
    metadata = account["metadata"]
    shown = {key: metadata[key] for key in ("name", "namespace", "uid") if key in metadata}
    answer = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {**shown, "creationTimestamp": timestamp(now)},
        "spec": {
            "audiences": audiences or ["https://kubernetes.default.svc"],
            "expirationSeconds": seconds,
            "boundObjectRef": spec.get("boundObjectRef"),
        },
        "status": {"token": token, "expirationTimestamp": timestamp(now + timedelta(seconds=seconds))},
    }
    return _object(call, answer, 201)


def _check_seconds(name: str, seconds: int) -> None:
    row = Resource("authentication.k8s.io", "v1", "TokenRequest", "tokenrequests", "tokenrequest", True)
    field = "spec.expirationSeconds"
    if seconds < SHORTEST_TOKEN:
        raise invalid(row, name, [bad(field, seconds, "may not specify a duration less than 10 minutes")])
    if seconds > LONGEST_TOKEN:
        raise invalid(row, name, [bad(field, seconds, "may not specify a duration larger than 2^32 seconds")])


def _bound_object(call: Call, reference: Object | None) -> Object | None:
    if not reference:
        return None
    kind, name = reference.get("kind", ""), reference.get("name", "")
    row = call.backend.table.find("v1", kind)
    if row is None or kind not in ("Pod", "Secret", "Node"):
        raise bad_request(f"cannot bind token for serviceaccount to object type {kind}")
    namespace = call.request.target.namespace if row.namespaced else None
    record = call.backend.store.record(row, namespace, name)
    if record is None:
        raise not_found(row, name)
    if reference.get("uid") and reference["uid"] != record.uid:
        why = f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record"
        raise conflict(row, name, f"{why} ({record.uid}). The object might have been deleted and then recreated")
    return {"kind": kind, "name": name, "uid": record.uid}


# pods


def bind(call: Call, resource: Resource) -> Answer:
    wanted = bodies.read(call.request, resource, call.warnings, "Binding")
    pod = _parent(call, resource)
    if pod["spec"].get("nodeName"):
        why = f'pod {pod["metadata"]["name"]} is already assigned to node "{pod["spec"]["nodeName"]}"'
        raise conflict(resource, pod["metadata"]["name"], why)
    pod["spec"]["nodeName"] = (wanted.get("target") or {}).get("name", "")
    call.backend.store.update(resource, pod)
    return _success(call)


def evict(call: Call, resource: Resource) -> Answer:
    eviction.evict(call, resource)
    return _success(call)


def _success(call: Call) -> Answer:
    return _object(call, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)


def log(call: Call, resource: Resource) -> Answer:
    """What a container wrote. The simulator's pods write nothing; one that has not started says so."""
    pod, query = _parent(call, resource), call.request.query
    name = pod["metadata"]["name"]
    names = [container["name"] for container in pod["spec"].get("containers") or ()]
    container = query.get("container") or (names[0] if len(names) == 1 else "")
    if not container:
        raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]")
    if container not in names:
        raise bad_request(f"container {container} is not valid for pod {name}")
    statuses = {one.get("name"): one for one in (pod.get("status") or {}).get("containerStatuses") or ()}
    status = statuses.get(container) or {}
    if call.request.flag("previous"):
        if status.get("lastState"):
            return text("")
        raise bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
    state = status.get("state") or {}
    if "running" not in state and "terminated" not in state:
        reason = (state.get("waiting") or {}).get("reason") or "ContainerCreating"
        raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')
    return text("")


def no_processes(call: Call, resource: Resource) -> Answer:
    """exec, attach and port-forward: a pod is an HTTP server of the simulator, with nothing inside."""
    pod = _parent(call, resource)
    ports = [port["containerPort"] for one in pod["spec"].get("containers") or () for port in one.get("ports") or ()]
    address = (pod.get("status") or {}).get("podIP")
    where = f": reach it at http://{address}:{ports[0]}" if address and ports else ""
    raise bad_request(f"a simulated pod has no processes to run in, attach to or forward to{where}")


def no_proxy(call: Call, resource: Resource) -> Answer:
    _parent(call, resource)
    message = "the simulator does not proxy; reach pods at their own addresses"
    raise ApiError(503, "ServiceUnavailable", message)


HANDLERS: dict[tuple[str, str], Handler] = {
    ("scale", "get"): get_scale,
    ("scale", "update"): update_scale,
    ("scale", "patch"): patch_scale,
    ("token", "create"): create_token,
    ("binding", "create"): bind,
    ("eviction", "create"): evict,
    ("log", "get"): log,
    **{(name, verb): no_processes for name in ("exec", "attach", "portforward") for verb in ("get", "create")},
    **{("proxy", verb): no_proxy for verb in ("get", "create", "update", "patch", "delete")},
}
"""(subresource, verb) → what answers it."""
