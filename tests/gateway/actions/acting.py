"""Dialogues past gates and filters: one application whose only rule has the given actions and proxies to one pod."""

from __future__ import annotations

from typing import Any

from tests.gateway.dialogue import Dialogue, Side
from tests.gateway.serving import PROXY, serving


def dialogue(*actions: dict[str, Any], terminal: dict[str, Any] | None = None, **settings: object) -> Dialogue:
    """`terminal` takes the place of the proxy action."""
    return Dialogue(serving("10.0.0.1:80", rules=[{"actions": [*actions, terminal or PROXY]}]), **settings)


def request(method: str = "GET", path: str = "/", body: bytes = b"", **headers: str) -> bytes:
    """A request; `x_name` is the header X-Name."""
    lines = [f"{method} {path} HTTP/1.1", "Host: www.example.com"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def ask(dialogue: Dialogue, data: bytes, answer: bytes) -> tuple[bytes, bytes]:
    """A new client asks, the pod gives `answer`: (what the pod was sent, what the client got)."""
    client = dialogue.client()
    client.says(data)
    pod = pod_of(dialogue)
    sent = pod.hears()
    pod.says(answer)
    return sent, client.hears()


def pod_of(dialogue: Dialogue) -> Side:
    """The next connection to the pod."""
    return dialogue.accepts()
