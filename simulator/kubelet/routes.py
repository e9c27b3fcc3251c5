"""What a pod answers: a pure function from a request to an answer.

Paths: `/` and every path not named here say `hello from <pod>`; `/echo` tells the request back as JSON; `/bytes/N`
sends N bytes; `/delay/S` answers after S seconds; `/status/N` answers with status N; `/stream/N` sends N lines, one
chunk each, `?interval=S` apart; `/ws` echoes WebSocket messages (served by the protocol itself). A body is bytes, or
an iterator of bytes and of pauses (floats, seconds).
"""

from __future__ import annotations

import base64
import http
from collections.abc import Iterator
from urllib.parse import parse_qs

import msgspec

from simulator.kubelet.behaviour import Behaviour
from simulator.objects import durations

MAX_BYTES = 4 << 30
MAX_BODY = 16 << 20
_BLOCK = bytes(range(32, 127)) * 690  # 65,550 printable bytes

Body = bytes | Iterator[bytes | float]


class Request(msgspec.Struct):
    """One request to a pod, its body whole."""

    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]
    body: bytes
    client: str
    keep_alive: bool = True
    upgrade: bool = False
    too_large: bool = False

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


class Answer(msgspec.Struct):
    """Status, body, its length (None: chunked) and how long to wait before the first byte."""

    status: int
    body: Body
    length: int | None
    content_type: str = "text/plain; charset=utf-8"
    delay: float = 0.0
    close: bool = False


def answer(request: Request, pod: str, behaviour: Behaviour) -> Answer:
    """Answer `request` in the name of `pod`; a path that asks for nonsense is answered with 400."""
    path, _, query = request.target.partition("?")
    kind, _, argument = path.lstrip("/").partition("/")
    if request.too_large:
        result = _text(413, f"the body is larger than {MAX_BODY} bytes\n")
        result.close = True
    else:
        try:
            result = _route(kind, argument, query, request, pod)
        except ValueError as error:
            result = _text(400, f"{path}: {error}\n")
    if behaviour.status:
        result = _text(behaviour.status, f"{_reason(behaviour.status)} from {pod}\n")
    result.delay += behaviour.latency
    return result


def _route(kind: str, argument: str, query: str, request: Request, pod: str) -> Answer:
    if kind == "echo":
        body = msgspec.json.encode(_told(request, pod)) + b"\n"
        return Answer(200, body, len(body), "application/json")
    if kind == "bytes":
        size = _number(argument, MAX_BYTES)
        return Answer(200, _blocks(size), size, "application/octet-stream")
    if kind == "delay":
        return Answer(200, *_hello(pod), delay=durations.seconds(argument))
    if kind == "status":
        status = _number(argument, 599)
        if status < 200:
            raise ValueError("expected a status from 200 to 599")
        return _text(status, f"{_reason(status)} from {pod}\n")
    if kind == "stream":
        interval = durations.seconds(parse_qs(query).get("interval", ["0"])[-1])
        return Answer(200, _lines(_number(argument, 1_000_000), interval, pod), None)
    return Answer(200, *_hello(pod))


def _hello(pod: str) -> tuple[bytes, int]:
    body = f"hello from {pod}\n".encode()
    return body, len(body)


def _text(status: int, text: str) -> Answer:
    body = text.encode()
    return Answer(status, body, len(body))


def _reason(status: int) -> str:
    try:
        return f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 12 or int(text) > most:
        raise ValueError(f"expected a whole number up to {most}")
    return int(text)


def _blocks(size: int) -> Iterator[bytes | float]:
    while size > 0:
        block = _BLOCK if size >= len(_BLOCK) else _BLOCK[:size]
        size -= len(block)
        yield block


def _lines(count: int, interval: float, pod: str) -> Iterator[bytes | float]:
    for number in range(count):
        if number and interval:
            yield interval
        yield f"line {number} from {pod}\n".encode()


def _told(request: Request, pod: str) -> dict[str, object]:
    path, _, query = request.target.partition("?")
    told: dict[str, object] = {
        "pod": pod,
        "method": request.method,
        "target": request.target,
        "path": path,
        "query": query,
        "version": request.version,
        "headers": request.headers,
        "client": request.client,
        "length": len(request.body),
    }
    try:
        told["body"] = request.body.decode()
    except UnicodeDecodeError:
        told["body_base64"] = base64.b64encode(request.body).decode()
    return told
