"""get and list."""

from __future__ import annotations

from typing import Any

from simulator.api.answer import Answer, encoded, finished, type_of, wants_pretty
from simulator.api.backend import Call
from simulator.api.faults import EmptyListFault, StaleListFault
from simulator.api.negotiation import JSON, PROTOBUF, Form, negotiate
from simulator.api.resources import tables
from simulator.api.resources.options import Options, encode_continue, expired_continue, read, too_large
from simulator.errors import Expired, not_found
from simulator.objects.record import Record, decode
from simulator.objects.resource import Resource
from simulator.schema import protobuf, schema

LISTED = ("Table", "PartialObjectMetadataList")
SINGLE = ("Table", "PartialObjectMetadata")


def get(call: Call, resource: Resource) -> Answer:
    request, store = call.request, call.backend.store
    form = negotiate(request.header("accept"), SINGLE)
    target = request.target
    version = request.query.get("resourceVersion", "")
    if version.isdigit() and int(version) > store.revision:
        raise too_large(int(version), store.revision)
    record = store.record(resource, target.namespace or None, target.name)
    if record is None:
        raise not_found(resource, target.name)
    return of_record(call, resource, record, form)


def of_record(call: Call, resource: Resource, record: Record, form: Form, status: int = 200) -> Answer:
    """One object in the form that was asked for."""
    request, record = call.request, record.seen_as(resource)
    pretty = wants_pretty(request.query, request.header("user-agent"))
    if form.kind == "Table":
        metadata = {"resourceVersion": str(record.revision)}
        body = tables.table(
            resource, [record], metadata, call.backend.clock.now(), version=form.version, include=_include(call)
        )
    elif form.kind:
        body = tables.partial(record, form.version)
    elif form.media_type == PROTOBUF:
        made = encoded(record.decode(), form)
        return Answer(status, PROTOBUF if made.startswith(protobuf.MAGIC) else JSON, made)
    else:
        body = record.full()
    return Answer(status, form.content_type, finished(body, form, pretty))


def _include(call: Call) -> str:
    return call.request.query.get("includeObject") or "Metadata"


def list_(call: Call, resource: Resource) -> Answer:
    request = call.request
    form = negotiate(request.header("accept"), LISTED)
    options = read(request, resource)
    records, metadata = _listed(call, resource, options)
    pretty = wants_pretty(request.query, request.header("user-agent"))
    if form.kind == "Table":
        now = call.backend.clock.now()
        body = tables.table(resource, records, metadata, now, version=form.version, include=_include(call))
    elif form.kind:
        body = tables.partial_list(records, metadata, form.version)
    elif form.media_type == PROTOBUF and type_of(resource.api_version, resource.kind) is not None:
        return Answer(200, PROTOBUF, _protobuf(resource, records, metadata))
    else:
        body = tables.plain_list(resource, records, metadata)
    return Answer(200, form.content_type if form.media_type != PROTOBUF else JSON, finished(body, form, pretty))


def _protobuf(resource: Resource, records: list[Record], metadata: dict[str, Any]) -> bytes:
    type = schema().get(resource.schema)
    items = [protobuf.encode(type, decode(record.body)) for record in records]
    return protobuf.encode_list(resource.api_version, f"{resource.kind}List", metadata, items)


def _listed(call: Call, resource: Resource, options: Options) -> tuple[list[Record], dict[str, Any]]:
    store, target = call.backend.store, call.request.target
    namespace = target.namespace or None
    revision, limit = _revision(call, options), options.limit
    if options.version == "0" and not options.snapshot:
        limit = 0  # served from the watch cache, which knows no pages
    fault = None if call.backend.faults.idle else call.backend.faults.take(
        call.asked, (EmptyListFault, StaleListFault)
    )  # fmt: skip
    if isinstance(fault, EmptyListFault):
        return [], {"resourceVersion": str(revision)}
    if isinstance(fault, StaleListFault):
        revision = max(revision - fault.behind, store.oldest(resource), 1)
    try:
        records, remaining = store.snapshot(
            resource, namespace, revision=revision, selector=options.selector, after=options.start, limit=limit
        )
    except Expired:
        if options.snapshot:
            raise expired_continue(options.start) from None
        raise
    if resource.list_key:
        records = [record.seen_as(resource) for record in records]
    metadata: dict[str, Any] = {"resourceVersion": str(revision)}
    if remaining:
        metadata["continue"] = encode_continue(revision, records[-1].key)
        if options.selector is None:
            metadata["remainingItemCount"] = remaining
    return records, metadata


def _revision(call: Call, options: Options) -> int:
    """The revision a list shows. Raises ``ApiError``: 504 for the future, 410 for what is forgotten."""
    store = call.backend.store
    if options.snapshot > 0:
        if options.snapshot > store.revision:
            raise expired_continue(options.start)
        return options.snapshot
    if options.revision > store.revision:
        raise too_large(options.revision, store.revision)
    if options.match == "Exact":
        return options.revision
    return store.revision
