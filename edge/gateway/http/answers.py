"""Answers the gateway gives itself: short, plain, and with the request's id so that a person can ask about it."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

STATUS_LINES: Final[dict[int, bytes]] = {status: f"HTTP/1.1 {status} \r\n".encode() for status in range(100, 600)}
"""Status lines by code; a code without a registered phrase has an empty one."""
STATUS_LINES.update({status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus})
STATUS_LINES.update(  # as RFC 9110 has them: before Python 3.13 HTTPStatus speaks as RFC 2616 did
    {
        413: b"HTTP/1.1 413 Content Too Large\r\n",
        414: b"HTTP/1.1 414 URI Too Long\r\n",
        416: b"HTTP/1.1 416 Range Not Satisfiable\r\n",
        422: b"HTTP/1.1 422 Unprocessable Content\r\n",
    }
)

TEXT: Final = ((b"content-type", b"text/plain; charset=utf-8"),)

REASONS: Final[dict[int, str]] = {
    404: "no application or page rule takes this request",
    408: "the request did not arrive in time",
    500: "this gateway failed; its log says why",
    502: "no endpoint of the upstream could be reached, or its answer was not valid",
    503: "the upstream has no endpoint",
    504: "the upstream did not answer in time",
    508: "this gateway has sent the request already: it goes in a circle",
}
"""What the body says where nothing more exact is known."""


def build(
    status: int,
    request_id: bytes,
    date: bytes,
    *,
    reason: str = "",
    keep_alive: bool = True,
    version: int = 1,
    without_body: bool = False,
) -> bytes:
    """A whole answer with a short body about `status`; `date` is its Date line."""
    phrase = STATUS_LINES[status][9:-2].decode()
    body = f"{phrase}\n{reason or REASONS.get(status, '')}\nrequest {request_id.decode()}\n".encode()
    return respond(
        status,
        body,
        request_id,
        date,
        fields=TEXT,
        keep_alive=keep_alive,
        version=version,
        without_body=without_body,
    )


def respond(
    status: int,
    body: bytes,
    request_id: bytes,
    date: bytes,
    *,
    fields: Sequence[tuple[bytes, bytes]] = (),
    keep_alive: bool = True,
    version: int = 1,
    without_body: bool = False,
) -> bytes:
    """A whole answer with `fields`; `without_body` is for HEAD. `date` is the Date line, unless `fields` have one."""
    parts = [STATUS_LINES[status]]
    parts += [b"%b: %b\r\n" % field for field in fields if field[0] != b"x-request-id"]
    if status in (204, 304):  # RFC 9110 8.6 and 15.4.5: neither has a body
        body = b""
    else:
        parts.append(b"content-length: %d\r\n" % len(body))
    if not any(field[0] == b"date" for field in fields):
        parts.append(date)
    parts.append(b"x-request-id: %b\r\n" % request_id)
    parts.append(connection_field(keep_alive, version))
    parts.append(b"\r\n")
    if not without_body:
        parts.append(body)
    return b"".join(parts)


def connection_field(keep_alive: bool, version: int) -> bytes:
    """The Connection line where the version's default does not say it already."""
    if not keep_alive:
        return b"connection: close\r\n"
    return b"" if version else b"connection: keep-alive\r\n"
