"""From a request's bytes to a checked body: whatever comes, the answer is a body or an AdminError with its field."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from edge.admin.api.explanation import explain
from edge.admin.api.merge import merge
from edge.admin.errors import BadRequest, Invalid

T = TypeVar("T")

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
MAX_DEPTH = 32
# what JavaScript keeps exact, well inside a database's bigint; nothing here needs more
_LARGEST = 2**53 - 1


async def read(request: Request, accepted: tuple[str, ...] = (JSON,)) -> bytes:
    """The body, whose Content-Type must be one of `accepted`."""
    try:
        body = await request.body()
    except ClientDisconnect:
        raise BadRequest("the connection ended before the body was complete") from None
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and content_type not in accepted:
        came = f"{content_type[:80]!r}" if content_type else "none"
        raise BadRequest(f"expected the Content-Type {' or '.join(accepted)}, but got {came}")
    return body


def undecided(body: bytes) -> Any:
    """The JSON of `body` as plain values, no deeper than MAX_DEPTH."""
    if not body:
        raise BadRequest("expected a JSON body, but got none")
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"the body is not JSON: {str(error)[:200]}") from None
    _check(value, "", MAX_DEPTH)
    return value


def decide(value: Any, body: type[T]) -> T:
    """`value` as a `body`, or Invalid naming the field, what was expected and what came."""
    try:
        return msgspec.convert(value, body)
    except msgspec.ValidationError as error:
        raise explain(error, value, body) from None


def patched(view: msgspec.Struct, patch: Any, body: type[T]) -> T:
    """The writable fields of `view` with the merge patch `patch` applied, as a `body`."""
    if not isinstance(patch, dict):
        raise Invalid("a merge patch is an object")
    return decide(merge(writable(view, body), patch), body)


def writable(view: msgspec.Struct, body: type[Any]) -> dict[str, Any]:
    """What of `view` a caller may write, as plain values."""
    fields = {field.encode_name for field in msgspec.structs.fields(body)}
    shown: dict[str, Any] = msgspec.to_builtins(view)
    return {name: value for name, value in shown.items() if name in fields}


def _check(value: Any, field: str, depth: int) -> None:
    """No database keeps U+0000 in text or a number beyond 2**53 the same as the next; both are refused here, once."""
    if isinstance(value, str):
        if "\0" in value:
            raise Invalid("must not contain the character U+0000", field or None)
    elif isinstance(value, bool):
        return
    elif isinstance(value, int):
        if abs(value) > _LARGEST:
            raise Invalid(f"expected a whole number between -{_LARGEST} and {_LARGEST}", field or None)
    elif isinstance(value, (list, dict)):
        if depth == 0:
            raise _too_deep()
        if isinstance(value, list):
            for index, item in enumerate(value):
                _check(item, f"{field}[{index}]", depth - 1)
        else:
            for name, item in value.items():
                _check(name, field, depth - 1)
                _check(item, f"{field}.{name}" if field else name, depth - 1)


def _too_deep() -> BadRequest:
    return BadRequest(f"the JSON is nested too deep; at most {MAX_DEPTH} levels are read")
