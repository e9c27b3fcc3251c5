"""A resource's row as operations: list and create on the collection; get, replace, patch and delete on one thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from edge.admin.api.decoding import patched
from edge.admin.api.operation import Call, Operation, Perform, Resource, Verb
from edge.admin.errors import Stale
from edge.admin.views import Page

if TYPE_CHECKING:
    from edge.admin.admin import Admin

_PATCH_ATTEMPTS = 5


def operations_of(resource: Resource) -> list[Operation]:
    """The row's operations, in the order of its verbs."""
    return [_MAKERS[verb](resource) for verb in resource.verbs]


def _plural(resource: Resource) -> str:
    return resource.path.rpartition("/")[2]


def _one(resource: Resource) -> str:
    return f"{resource.path}/{{{resource.key}}}"


def _name(verb: str, noun: str) -> str:
    return f"{verb}-{noun.replace(' ', '-').lower()}"


def _ids(resource: Resource, call: Call) -> tuple[Any, ...]:
    """The path's ids as the service takes them: releases are named by a number."""
    return (*call.ids[:-1], call.version()) if resource.key == "version" else call.ids


def _list(resource: Resource) -> Operation:
    async def perform(call: Call) -> Any:
        return await resource.service(call.admin).list(call.actor, *call.ids, limit=call.limit, after=call.after)

    return Operation(
        method="GET",
        path=resource.path,
        name=_name("list", _plural(resource)),
        summary=f"List {_plural(resource).replace('-', ' ')}.",
        tag=_plural(resource),
        perform=perform,
        role=resource.reader,
        answer=Page[resource.view],  # type: ignore[name-defined]
        paged=True,
        errors=(404,) if "{" in resource.path else (),
    )


def _create(resource: Resource) -> Operation:
    async def perform(call: Call) -> Any:
        return await resource.service(call.admin).create(call.actor, *call.ids, body=call.body)

    return Operation(
        method="POST",
        path=resource.path,
        name=_name("create", resource.noun),
        summary=f"Create a {resource.noun}.{_effect(resource)}",
        tag=_plural(resource),
        perform=perform,
        role=resource.writer,
        body=resource.body,
        body_optional=_may_be_empty(resource),
        answer=resource.view,
        status=201,
        etag=_etag(resource),
        errors=(404, 409, 413, 422),
    )


def _get(resource: Resource) -> Operation:
    async def perform(call: Call) -> Any:
        return await resource.service(call.admin).get(call.actor, *_ids(resource, call))

    return Operation(
        method="GET",
        path=_one(resource),
        name=_name("get", resource.noun),
        summary=f"Read a {resource.noun}.",
        tag=_plural(resource),
        perform=perform,
        role=resource.reader,
        answer=resource.view,
        etag=_etag(resource),
        errors=(404,),
    )


def _replace(resource: Resource) -> Operation:
    async def perform(call: Call) -> Any:
        service = resource.service(call.admin)
        return await service.replace(call.actor, *call.ids, body=call.body, if_match=call.if_match)

    return Operation(
        method="PUT",
        path=_one(resource),
        name=_name("replace", resource.noun),
        summary=f"Replace a {resource.noun}; a field left out gets its default.{_effect(resource)}",
        tag=_plural(resource),
        perform=perform,
        role=resource.writer,
        body=resource.body,
        answer=resource.view,
        conditional=True,
        etag=_etag(resource),
        errors=(404, 409, 413, 422),
    )


def _patch(resource: Resource) -> Operation:
    return Operation(
        method="PATCH",
        path=_one(resource),
        name=_name("patch", resource.noun),
        summary=f"Change some fields of a {resource.noun}; null takes a field's value away.{_effect(resource)}",
        tag=_plural(resource),
        perform=_merging(resource),
        role=resource.writer,
        body=resource.body,
        patch=True,
        answer=resource.view,
        conditional=True,
        etag=_etag(resource),
        errors=(404, 409, 413, 422),
    )


def _merging(resource: Resource) -> Perform:
    body_type = resource.body
    assert body_type is not None, f"{resource.path} can be patched but has no body"

    async def perform(call: Call) -> Any:
        """Merge onto what is there now, and replace only that: without If-Match, a write in between merges again."""
        service = resource.service(call.admin)
        for attempt in range(_PATCH_ATTEMPTS):
            view = await service.get(call.actor, *call.ids)
            body = patched(view, call.body, body_type)
            expected = call.if_match or service.etag(view)
            try:
                return await service.replace(call.actor, *call.ids, body=body, if_match=expected)
            except Stale:
                if call.if_match or attempt == _PATCH_ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    return perform


def _delete(resource: Resource) -> Operation:
    async def perform(call: Call) -> None:
        service = resource.service(call.admin)
        if call.if_match is not None:
            service.match(await service.get(call.actor, *call.ids), call.if_match)
        await service.delete(call.actor, *call.ids)

    return Operation(
        method="DELETE",
        path=_one(resource),
        name=_name("delete", resource.noun),
        summary=f"Delete a {resource.noun}; 409 names what uses it.{_effect(resource)}",
        tag=_plural(resource),
        perform=perform,
        role=resource.deleter or resource.writer,
        status=204,
        conditional="replace" in resource.verbs,
        errors=(404, 409),
    )


def _etag(resource: Resource) -> Callable[[Admin, Any], str] | None:
    if "replace" not in resource.verbs:
        return None

    def etag(admin: Admin, view: Any) -> str:
        text: str = resource.service(admin).etag(view)
        return text

    return etag


def _effect(resource: Resource) -> str:
    return f" {resource.acts}" if resource.acts else ""


def _may_be_empty(resource: Resource) -> bool:
    fields = () if resource.body is None else msgspec.structs.fields(resource.body)
    return not any(field.required for field in fields)


_MAKERS: dict[Verb, Callable[[Resource], Operation]] = {
    "list": _list,
    "create": _create,
    "get": _get,
    "replace": _replace,
    "patch": _patch,
    "delete": _delete,
}
