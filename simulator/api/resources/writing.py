"""create, update, patch, delete and deletecollection of whole objects and of their status."""

from __future__ import annotations

from simulator.access import escalation
from simulator.access.rbac import GROUP
from simulator.api.answer import Answer, encoded, wants_pretty
from simulator.api.backend import Call
from simulator.api.decoding import bodies
from simulator.api.decoding.field_validation import OPTIONS, PATCH_OPTIONS, Text, Warnings, report_applied
from simulator.api.negotiation import Form, negotiate
from simulator.api.request import Request
from simulator.api.resources.options import integer
from simulator.api.resources.options import read as read_options
from simulator.api.resources.reading import SINGLE, of_record
from simulator.errors import ApiError, Cause, bad_request, conflict, details_of, forbidden, invalid, not_found
from simulator.kinds.table import RESOURCES
from simulator.managed import sets
from simulator.managed.apply import apply as server_side_apply
from simulator.managed.managers import Manager, of_request, track_update
from simulator.objects.record import Record
from simulator.objects.resource import Object, Resource
from simulator.objects.validation import bad, forbidden_field, unsupported
from simulator.patches import json_patch, merge_patch, strategic
from simulator.schema import schema
from simulator.store.store import Track, key_of

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
PATCHES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)
CUSTOM_PATCHES = (JSON_PATCH, MERGE_PATCH, APPLY_PATCH)
"""Custom resources know no strategic merge patch."""
IMMORTAL = ("default", "kube-system", "kube-public")
"""Namespaces that may not be deleted (plugin/pkg/admission/namespace/lifecycle)."""
MANAGER_LIMIT = 128
PROPAGATION = ("Foreground", "Background", "Orphan")
DELETE_OPTIONS = OPTIONS["DELETE"]
NAMESPACES = RESOURCES.of("v1", "Namespace")


def dry_run(call: Call) -> bool:
    given = call.request.query.get("dryRun")
    if given in (None, ""):
        return False
    if given != "All":
        causes = [Cause("FieldValueNotSupported", f'Unsupported value: "{given}": supported values: "All"', "dryRun")]
        raise invalid(OPTIONS.get(call.request.method, PATCH_OPTIONS), "", causes)
    return True


def check_options(call: Call) -> None:
    """The options of a write beside dryRun (apimachinery/pkg/apis/meta/v1/validation). Raises ``ApiError`` (422)."""
    query, causes = call.request.query, []
    manager = query.get("fieldManager", "")
    if len(manager.encode()) > MANAGER_LIMIT:
        message = f"Too long: may not be more than {MANAGER_LIMIT} bytes"
        causes.append(Cause("FieldValueTooLong", message, "fieldManager"))
    if not manager.isprintable():
        causes.append(bad("fieldManager", manager, "should only contain printable characters"))
    if "force" in query and call.request.method == "PATCH" and bodies.media_type(call.request) != APPLY_PATCH:
        causes.append(forbidden_field("force", "may not be specified for non-apply patch"))
    if causes:
        raise invalid(OPTIONS.get(call.request.method, PATCH_OPTIONS), "", causes)


def tracker(call: Call, resource: Resource, subresource: str = "") -> Track:
    """What writes the managed fields of this request's manager."""
    name = of_request(call.request.query.get("fieldManager", ""), call.request.header("user-agent"))
    manager = Manager(name, "Update", subresource)

    def track(new: Object, old: Object | None) -> None:
        track_update(resource, manager, new, old, call.backend.clock.now())

    return track


def answered(call: Call, resource: Resource, obj: Object, form: Form, status: int = 200) -> Answer:
    """The written object in the form that was asked for."""
    metadata = obj["metadata"]
    key = key_of(resource, metadata.get("namespace"), metadata["name"])
    record = Record(resource, key, obj, int(metadata.get("resourceVersion") or 0))
    return of_record(call, resource, record, form, status)


def create(call: Call, resource: Resource) -> Answer:
    check_options(call)
    form = negotiate(call.request.header("accept"), SINGLE)
    obj = bodies.read(call.request, resource, call.warnings)
    made = create_object(call, resource, obj, tracker(call, resource))
    return answered(call, resource, made, form, 201)


def create_object(call: Call, resource: Resource, obj: Object, track: Track | None) -> Object:
    metadata = obj["metadata"]
    place(call, resource, metadata)
    if metadata.get("resourceVersion"):
        raise bad_request("resourceVersion should not be set on objects to be created")
    if resource.namespaced:
        _check_namespace(call, resource, metadata["namespace"], metadata.get("name", ""))
    escalation.check(call.backend.authorizer, call.user, resource, obj, None)
    return call.backend.store.create(resource, obj, validate=True, dry_run=dry_run(call), track=track)


def place(call: Call, resource: Resource, metadata: Object) -> None:
    """Put the path's namespace into an object, which may not name another."""
    if not resource.namespaced:
        metadata.pop("namespace", None)
        return
    given, wanted = metadata.get("namespace") or "", call.request.target.namespace
    if not wanted:
        raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})
    if given and given != wanted:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    metadata["namespace"] = wanted


def _check_namespace(call: Call, resource: Resource, namespace: str, name: str) -> None:
    found = call.backend.store.get(NAMESPACES, None, namespace)
    if found is None:
        raise not_found(NAMESPACES, namespace)
    if found["metadata"].get("deletionTimestamp"):
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        error = forbidden(resource, name, why)
        cause = {"reason": "NamespaceTerminating", "message": f"namespace {namespace} is being terminated"}
        error.details = {**(error.details or {}), "causes": [{**cause, "field": "metadata.namespace"}]}
        raise error


def update(call: Call, resource: Resource, subresource: str = "") -> Answer:
    check_options(call)
    form = negotiate(call.request.header("accept"), SINGLE)
    obj = bodies.read(call.request, resource, call.warnings)
    stored = update_object(call, resource, obj, subresource)
    return answered(call, resource, stored, form)


def update_object(
    call: Call, resource: Resource, obj: Object, subresource: str = "", track: Track | None = None
) -> Object:
    metadata, name = obj["metadata"], call.request.target.name
    place(call, resource, metadata)
    if not metadata.get("name"):
        raise bad_request("the name of the object must be provided: metadata.name: Required value: name is required")
    if metadata["name"] != name:
        message = f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
        raise bad_request(message)
    if resource.group == GROUP:
        old = call.backend.store.get(resource, metadata.get("namespace"), name)
        escalation.check(call.backend.authorizer, call.user, resource, obj, old)
    return call.backend.store.update(
        resource,
        obj,
        subresource=subresource or None,
        validate=True,
        dry_run=dry_run(call),
        track=track or tracker(call, resource, subresource),
    )


def patch(call: Call, resource: Resource, subresource: str = "") -> Answer:
    check_options(call)
    form = negotiate(call.request.header("accept"), SINGLE)
    declared = bodies.media_type(call.request)
    accepted = PATCHES if resource.custom is None else CUSTOM_PATCHES
    if declared not in accepted:
        raise bodies.unsupported_media(accepted)
    if declared == APPLY_PATCH:
        return _apply(call, resource, subresource, form)
    target = call.request.target
    record = call.backend.store.record(resource, target.namespace or None, target.name)
    if record is None:
        raise not_found(resource, target.name)
    patched = bodies.checked(
        call.request,
        resource,
        patched_text(call, declared, resource.schema, record.seen_as(resource).decode()),
        call.warnings,
    )
    return answered(call, resource, update_object(call, resource, patched, subresource), form)


def patched_text(call: Call, declared: str, type_name: str, live: Object) -> Text:
    """The live object with the request's patch laid over it."""
    said = "error decoding patch: " if declared == MERGE_PATCH else ""
    try:
        text = bodies.parse(call.request, "patch")
    except bodies.Unreadable as error:
        raise bad_request(f"{said}{error}") from None
    content = text.value
    if declared == JSON_PATCH:
        return text._replace(value=json_patch.apply(live, content))
    if not isinstance(content, dict):
        found = bodies.json_type(content)
        raise bad_request(f"{said}json: cannot unmarshal {found} into Go value of type map[string]interface {{}}")
    if declared == MERGE_PATCH:
        return text._replace(value=merge_patch.apply(live, content))
    return text._replace(value=strategic.apply(schema().find(type_name), live, content))


def read_applied(request: Request) -> Text:
    """The object in an apply patch. Raises ``ApiError`` (400)."""
    try:
        text = bodies.parse(request, "yaml")
    except bodies.Unreadable as error:
        raise bad_request(f"error decoding YAML: {error}") from None
    if text.value is None:
        return text._replace(value={})
    metadata = text.value.get("metadata") if isinstance(text.value, dict) else None
    if not isinstance(text.value, dict) or not isinstance(metadata or {}, dict):
        found = bodies.json_type(text.value if metadata is None else metadata)
        why = f"json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
        raise bad_request(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {why}")
    return text


def _apply(call: Call, resource: Resource, subresource: str, form: Form) -> Answer:
    request, target = call.request, call.request.target
    name = request.query.get("fieldManager")
    if not name:
        causes = [Cause("FieldValueRequired", "Required value: is required for apply patch", "fieldManager")]
        raise invalid(PATCH_OPTIONS, "", causes)
    text = read_applied(request)
    wanted = text.value
    if (given_version := wanted.get("apiVersion") or "") != resource.api_version:
        why = f"Specified patch version: {given_version}, expected: {resource.api_version}"
        raise bad_request(f"Incorrect version specified in apply patch. {why}")
    wanted.setdefault("kind", resource.kind)
    wanted.setdefault("metadata", {})
    if wanted["metadata"].get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    # Checked for unknown fields and types; merged as it was given, since zero values must not become intent.
    report_applied(request, text, call.warnings)
    _, strangers = bodies.decoded(resource, wanted)
    place(call, resource, wanted["metadata"])
    given = wanted["metadata"].setdefault("name", target.name)
    if given != target.name:
        raise bad_request(f"the name of the object ({given}) does not match the name on the URL ({target.name})")
    if strangers:
        raise _undeclared(resource, wanted, strangers)
    live = call.backend.store.get(resource, target.namespace or None, target.name)
    if live is None and (uid := wanted["metadata"].get("uid")):
        why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise conflict(resource, target.name, why)
    manager = Manager(name, "Apply", subresource)
    made = server_side_apply(resource, live, wanted, manager, request.flag("force"), call.backend.clock.now())

    def track(new: Object, old: Object | None) -> None:
        """The managed fields are made already."""

    checked = bodies.checked(request, resource, Text(made), Warnings())
    if live is None:
        return answered(call, resource, create_object(call, resource, checked, track), form, 201)
    return answered(call, resource, update_object(call, resource, checked, subresource, track), form)


def _undeclared(resource: Resource, wanted: Object, strangers: list[str]) -> ApiError:
    """Fields that the kind has not, whatever ``fieldValidation`` says; a real API server answers 500."""
    paths = sets.undeclared(sets.tracked(wanted), None, sets.type_of(resource)) or [f".{one}" for one in strangers]
    listed = [f"{path}: field not declared in schema" for path in paths]
    said = listed[0] if len(listed) == 1 else "errors:" + "".join(f"\n  {one}" for one in listed)
    metadata = wanted["metadata"]
    group = f"{resource.group}/{resource.version}, Kind={resource.kind}"
    what = f"{metadata.get('namespace') or ''}/{metadata['name']}; {group}"
    return ApiError(400, "", f"failed to create typed patch object ({what}): {said}")


# deleting


def delete(call: Call, resource: Resource) -> Answer:
    form = negotiate(call.request.header("accept"), SINGLE)
    target, store = call.request.target, call.backend.store
    if store.record(resource, target.namespace or None, target.name) is None:
        raise not_found(resource, target.name)
    if resource.key == "namespaces" and target.name in IMMORTAL:
        raise forbidden(resource, target.name, "this namespace may not be deleted")
    obj = _delete_one(call, resource, target.name, _delete_options(call))
    remaining = store.record(resource, target.namespace or None, target.name)
    stays = remaining is not None and remaining.uid == obj["metadata"]["uid"] and not dry_run(call)
    if stays or resource.returns_deleted:
        return answered(call, resource, obj, form)
    return success(call, form, details_of(resource, target.name, uid=obj["metadata"]["uid"]))


def success(call: Call, form: Form, details: Object) -> Answer:
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    pretty = wants_pretty(call.request.query, call.request.header("user-agent"))
    body = encoded(status, form, pretty)
    return Answer(200, form.media_type, body)


def delete_collection(call: Call, resource: Resource) -> Answer:
    target, store = call.request.target, call.backend.store
    options, wanted = read_options(call.request, resource), _delete_options(call)
    records = store.records(resource, target.namespace or None, options.selector)
    items = []
    for record in records:
        inside = call.request.target._replace(namespace=record.namespace)
        call.request.target = inside
        obj = _delete_one(call, resource, record.name, wanted)
        items.append({key: value for key, value in obj.items() if key not in ("kind", "apiVersion")})
    call.request.target = target
    body = {
        "kind": resource.listed,
        "apiVersion": resource.api_version,
        "metadata": {"resourceVersion": str(store.revision)},
        "items": items,
    }
    return Answer(200, body=encoded(body))


def _delete_one(call: Call, resource: Resource, name: str, options: Object) -> Object:
    return call.backend.store.delete(
        resource,
        call.request.target.namespace or None,
        name,
        grace_seconds=options.get("gracePeriodSeconds"),
        propagation=options.get("propagationPolicy") or "Background",
        preconditions=options.get("preconditions"),
        dry_run=dry_run(call) or bool(options.get("dryRun")),
    )


def _delete_options(call: Call) -> Object:
    """From the body, else from the query. Raises ``ApiError`` (400, 422)."""
    request = call.request
    options: Object = {}
    if request.body:
        options = bodies.read(request, DELETE_OPTIONS, call.warnings, "DeleteOptions")
    query = request.query
    if query.get("gracePeriodSeconds"):
        options.setdefault("gracePeriodSeconds", integer(query["gracePeriodSeconds"]))
    if query.get("propagationPolicy"):
        options.setdefault("propagationPolicy", query["propagationPolicy"])
    if query.get("orphanDependents"):
        options.setdefault("orphanDependents", request.flag("orphanDependents"))
    _check_propagation(options)
    if options.get("orphanDependents"):
        options["propagationPolicy"] = "Orphan"
    return options


def _check_propagation(options: Object) -> None:
    """ValidateDeleteOptions. Raises ``ApiError`` (422)."""
    policy, causes = options.get("propagationPolicy"), []
    if policy and options.get("orphanDependents") is not None:
        why = "orphanDependents and deletionPropagation cannot be both set"
        causes.append(bad("propagationPolicy", policy, why))
    if policy and policy not in PROPAGATION:
        causes.append(unsupported("propagationPolicy", policy, (*PROPAGATION, "nil")))
    if causes:
        raise invalid(DELETE_OPTIONS, "", causes)
