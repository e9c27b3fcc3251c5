"""The OpenAPI 3.1 document, made from the table of operations and the msgspec types: nothing in it is written twice."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from edge import __version__
from edge.admin.api.answers import Error
from edge.admin.api.operation import Operation

_REFERENCE = "#/components/schemas/{name}"
_ALWAYS = (400, 401, 403, 429, 503)
_TIMES = "Times are RFC 3339 in UTC, durations are seconds, ids are opaque strings that are never reused."


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document as plain values."""
    types = list(dict.fromkeys(kind for each in operations for kind in (each.body, each.answer) if kind is not None))
    references, components = msgspec.json.schema_components([*types, Error], ref_template=_REFERENCE)
    schemas = dict(zip([*types, Error], references, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = paths.setdefault(f"/{operation.path}", {})
        path[operation.method.lower()] = _operation(operation, schemas, components)
    paths["/events"] = {"get": _events(schemas[Error])}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Edge Admin", "version": __version__, "description": _TIMES},
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation, schemas: dict[Any, Any], components: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"Needs the role {operation.role}." if operation.role != "viewer" else "Every role may.",
        "tags": [operation.tag],
        "parameters": _parameters(operation),
        "responses": _responses(operation, schemas),
    }
    if operation.body is not None:
        described["requestBody"] = _request(operation, schemas, components)
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    parameters = [_parameter("path", name, {"type": "string", "minLength": 1}) for name in operation.parameters]
    if operation.paged:
        limit = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
        parameters += [
            _parameter("query", "limit", limit, "How many items a page holds at most."),
            _parameter("query", "after", {"type": "string"}, "The value of `next` of the page before."),
        ]
    if operation.conditional:
        about = "The ETag last read; 409 when the thing was changed since."
        parameters.append(_parameter("header", "If-Match", {"type": "string"}, about))
    flag = {"type": "boolean", "default": False}
    return parameters + [_parameter("query", name, flag, about) for name, about in operation.flags.items()]


def _parameter(place: str, name: str, schema: dict[str, Any], about: str = "") -> dict[str, Any]:
    described = {"name": name, "in": place, "required": place == "path", "schema": schema}
    return described | ({"description": about} if about else {})


def _request(operation: Operation, schemas: dict[Any, Any], components: dict[str, Any]) -> dict[str, Any]:
    schema = schemas[operation.body]
    if operation.patch:
        content = {"application/merge-patch+json": {"schema": _patch_schema(schema, components)}}
    else:
        content = {"application/json": {"schema": schema}}
    return {"required": not operation.body_optional, "content": content}


def _patch_schema(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """The body's schema with every field optional and, to take its value away, null."""
    whole = copy.deepcopy(components[schema["$ref"].rpartition("/")[2]])
    fields = {
        name: {"anyOf": [{key: value for key, value in field.items() if key != "default"}, {"type": "null"}]}
        for name, field in whole["properties"].items()
    }
    return {"type": "object", "properties": fields, "additionalProperties": False}


def _responses(operation: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if operation.answer is not None:
        success["content"] = {"application/json": {"schema": schemas[operation.answer]}}
    if operation.etag is not None:
        success["headers"] = {"ETag": {"schema": {"type": "string"}}}
    return {str(operation.status): success} | _errors(operation.errors, schemas[Error])


def _errors(more: tuple[int, ...], schema: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    statuses = sorted({*_ALWAYS, *more})
    return {str(status): {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def _events(error: Any) -> dict[str, Any]:
    about = (
        "Server-sent events `upstream`, `kubernetes-cluster`, `gateway-server` and `release` with the data "
        '`{"id", "revision"}`, and `reset` when events were missed: read again what you show.'
    )
    stream = {"description": "OK", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
    resume = "The id of the last event seen; the stream goes on after it."
    return {
        "operationId": "watch-events",
        "summary": "Watch what happens.",
        "description": about,
        "tags": ["events"],
        "parameters": [_parameter("header", "Last-Event-ID", {"type": "string"}, resume)],
        "responses": {"200": stream} | _errors((), error),
    }
