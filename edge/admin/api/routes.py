"""The table as Starlette routes: one for each path, which reads the request, performs the operation and answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from edge.admin.actor import Actor
from edge.admin.api.answers import json_answer
from edge.admin.api.authentication import authenticate
from edge.admin.api.decoding import JSON, MERGE_PATCH, decide, read, undecided
from edge.admin.api.events import events_endpoint
from edge.admin.api.openapi import document
from edge.admin.api.operation import Call, Operation
from edge.admin.api.resources import operations
from edge.admin.errors import BadRequest, NotFound
from edge.admin.service import LIMIT

if TYPE_CHECKING:
    from edge.admin.admin import Admin

PREFIX = "/api/v1"

# every id and every Kubernetes name is of these; anything else can name nothing
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:\-]{0,199}")
_WORDS = {"true": True, "1": True, "": True, "false": False, "0": False}


def routes(admin: Admin) -> list[BaseRoute]:
    """Everything below /api/v1. Paths come in the table's order, fixed ones before those that end in an id."""
    by_path: dict[str, list[Operation]] = {}
    for operation in operations():
        by_path.setdefault(operation.path, []).append(operation)
    resources = [_route(admin, path, here) for path, here in by_path.items()]
    return [_document_route(), Route(f"{PREFIX}/events", events_endpoint(admin), methods=["GET"]), *resources]


def _document_route() -> BaseRoute:
    content = document(operations())

    async def openapi(request: Request) -> Response:
        return json_answer(content)

    return Route(f"{PREFIX}/openapi.json", openapi, methods=["GET"])


def _route(admin: Admin, path: str, here: list[Operation]) -> BaseRoute:
    by_method = {operation.method: operation for operation in here}

    async def endpoint(request: Request) -> Response:
        actor = await authenticate(admin, request.headers)
        operation = by_method["GET" if request.method == "HEAD" else request.method]
        return await _perform(admin, actor, operation, request)

    return Route(f"{PREFIX}/{path}", endpoint, methods=list(by_method))


async def _perform(admin: Admin, actor: Actor, operation: Operation, request: Request) -> Response:
    actor.require(operation.role, operation.name.replace("-", " "))
    call = Call(
        admin=admin,
        actor=actor,
        ids=_ids(operation, request),
        body=await _body(operation, request),
        if_match=request.headers.get("if-match") if operation.conditional else None,
        limit=_limit(request) if operation.paged else LIMIT,
        after=request.query_params.get("after") if operation.paged else None,
        flags=frozenset(name for name in operation.flags if _flag(request, name)),
    )
    value = await operation.perform(call)
    if operation.status == 204:
        return Response(status_code=204)
    headers = {"etag": operation.etag(admin, value)} if operation.etag is not None else {}
    return json_answer(value, operation.status, headers)


def _ids(operation: Operation, request: Request) -> tuple[str, ...]:
    ids = tuple(request.path_params[name] for name in operation.parameters)
    for id in ids:
        if not _ID.fullmatch(id):
            raise NotFound("there is nothing with this id: ids are letters, digits, '.', '_', ':' and '-'")
    return ids


async def _body(operation: Operation, request: Request) -> Any:
    if operation.body is None:
        return None
    if operation.patch:
        return undecided(await read(request, (MERGE_PATCH, JSON)))
    content = await read(request)
    value = {} if not content and operation.body_optional else undecided(content)
    return decide(value, operation.body)


def _limit(request: Request) -> int:
    text = request.query_params.get("limit")
    if text is None:
        return LIMIT
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadRequest("limit is a whole number between 1 and 1000", "limit")
    return int(text)


def _flag(request: Request, name: str) -> bool:
    text = request.query_params.get(name, "false").lower()
    if text not in _WORDS:
        raise BadRequest(f"{name} is true or false", name)
    return _WORDS[text]
