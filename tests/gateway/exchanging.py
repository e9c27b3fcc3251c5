"""The start of a dialogue, and how its answers are read."""

from __future__ import annotations

from tests.gateway.dialogue import Dialogue, Side
from tests.gateway.serving import serving

GET = b"GET /a?b=c HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer
    return int(answer[9:12])


def fields(message: bytes) -> list[tuple[bytes, bytes]]:
    lines = message.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return [tuple(line.split(b": ", 1)) for line in lines]  # type: ignore[misc]


def field(message: bytes, name: bytes) -> bytes | None:
    found = [value for key, value in fields(message) if key.lower() == name]
    assert len(found) <= 1, found
    return found[0] if found else None


def body(message: bytes) -> bytes:
    return message.partition(b"\r\n\r\n")[2]


def start(request: bytes = GET, *addresses: str, **settings: object) -> tuple[Dialogue, Side, Side]:
    """A client has sent `request` and the first endpoint has taken the connection."""
    dialogue = Dialogue(serving(*(addresses or ("10.0.0.1:80",))), **settings)
    client = dialogue.client()
    client.says(request)
    return dialogue, client, dialogue.accepts()
