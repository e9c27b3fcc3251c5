"""What the API sends: JSON of the views, and errors that all have one shape."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from edge.admin.errors import AdminError

_encoder = msgspec.json.Encoder()

_RETRY_AFTER = {429: "60", 503: "5"}


class ErrorDetail(msgspec.Struct, frozen=True, omit_defaults=True):
    """`code` is stable and for programs, `message` is a sentence for people, `field` names the body's field."""

    code: str
    message: str
    field: str | None = None


class Error(msgspec.Struct, frozen=True):
    """Every answer that is not a success."""

    error: ErrorDetail


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`value` as JSON, never kept by a cache."""
    content = _encoder.encode(value)
    return Response(content, status, {"cache-control": "no-store", **(headers or {})}, "application/json")


def error_answer(error: AdminError, headers: dict[str, str] | None = None) -> Response:
    """The error body of `error`, with what HTTP wants beside it (RFC 9110: WWW-Authenticate, Retry-After)."""
    extra = dict(headers or {})
    if error.status == 401:
        extra["www-authenticate"] = 'Bearer realm="Edge"'
    if error.status in _RETRY_AFTER:
        extra["retry-after"] = _RETRY_AFTER[error.status]
    detail = ErrorDetail(error.code, error.message, error.field)
    return json_answer(Error(detail), error.status, extra)
