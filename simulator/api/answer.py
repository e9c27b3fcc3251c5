"""Answers: what a handler returns, and how it is written."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from simulator.api.negotiation import JSON, PLAIN, PROTOBUF, YAML, Form
from simulator.errors import ApiError
from simulator.objects.record import encode
from simulator.schema import protobuf, schema

GZIP_FROM = 128 * 1024
"""Smaller bodies are not compressed (apiserver/pkg/endpoints/handlers/responsewriters/writers.go)."""


@dataclass(slots=True)
class Answer:
    """A status, a content type, and a body or a stream of pieces."""

    status: int = 200
    content_type: str = JSON
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    close: Callable[[], None] | None = None
    """Ends the stream when its reader is gone."""


def text(body: str, status: int = 200) -> Answer:
    headers = [("X-Content-Type-Options", "nosniff")]
    return Answer(status, "text/plain; charset=utf-8", body.encode(), headers=headers)


def wants_pretty(query: dict[str, str], agent: str) -> bool:
    """Indented JSON, for people: asked for, or a browser, curl or wget asks."""
    if "pretty" in query:
        return query["pretty"].lower() not in ("false", "0")
    return agent.startswith(("curl", "Wget", "Mozilla/5.0"))


def encoded(value: dict[str, Any], form: Form = PLAIN, pretty: bool = False) -> bytes:
    """A JSON-shaped value in the form's media type."""
    if form.media_type == YAML:
        return yaml.safe_dump(value, sort_keys=True, allow_unicode=True).encode()
    if form.media_type == PROTOBUF:
        made = as_protobuf(value)
        if made is not None:
            return made
    return finished(encode(value), form, pretty)


def finished(body: bytes, form: Form, pretty: bool) -> bytes:
    """Encoded JSON as it is sent: with its newline, indented or as YAML."""
    if form.media_type == YAML:
        return yaml.safe_dump(json.loads(body), sort_keys=True, allow_unicode=True).encode()
    if pretty:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False).encode()
    return body + b"\n"


def as_protobuf(value: dict[str, Any]) -> bytes | None:
    """The value as protobuf, None when its type is not known."""
    type_name = type_of(value.get("apiVersion", ""), value.get("kind", ""))
    if type_name is None:
        return None
    return protobuf.wrap(value["apiVersion"], value["kind"], protobuf.encode(schema().get(type_name), value))


def type_of(api_version: str, kind: str) -> str | None:
    """The schema's name of a kind: ``core/v1.Pod``."""
    group, slash, version = api_version.rpartition("/")
    if kind in ("Status", "DeleteOptions"):
        return f"meta/v1.{kind}"
    short = group.partition(".")[0] if slash else "core"
    found = f"{short}/{version}.{kind}"
    if kind == "CustomResourceDefinition":
        return None  # its schema has parts whose protobuf form is JSON; clients that take both get JSON
    return found if found in schema() else None


def of_error(error: ApiError, form: Form = PLAIN, pretty: bool = False) -> Answer:
    headers = []
    if error.code == 403:
        headers.append(("X-Content-Type-Options", "nosniff"))
    retry = (error.details or {}).get("retryAfterSeconds")
    if retry:
        headers.append(("Retry-After", str(retry)))
    answered = encoded(error.status(), form, pretty)
    content_type = form.media_type if form.media_type != PROTOBUF or answered.startswith(b"k8s\0") else JSON
    return Answer(error.code, content_type, answered, headers=headers)


def compressed(answer: Answer, accept_encoding: str) -> Answer:
    if answer.stream is not None or len(answer.body) < GZIP_FROM or "gzip" not in accept_encoding:
        return answer
    compressor = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    answer.body = compressor.compress(answer.body) + compressor.flush()
    answer.headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
    return answer
