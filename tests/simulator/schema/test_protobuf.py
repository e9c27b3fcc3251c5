"""Protobuf bodies: recorded bytes, read and written again."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest

from simulator.api.answer import type_of
from simulator.schema import protobuf, schema
from simulator.schema.normalise import Normaliser

FOLDER = Path(__file__).parents[1] / "api" / "transcripts"


def recorded() -> list[bytes]:
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        for exchange in json.loads(path.read_text())["exchanges"]:
            found += [base64.b64decode(text) for text in (exchange.get("answer_base64"), body_of(exchange)) if text]
    return [raw for raw in found if not protobuf.unwrap(raw)[1].endswith("List")]


def body_of(exchange: dict[str, Any]) -> str | None:
    text: str | None = (exchange.get("body") or {}).get("base64")
    return text


@pytest.mark.parametrize("raw", recorded(), ids=lambda raw: protobuf.unwrap(raw)[1])
def test_recorded_bytes_come_out_as_they_went_in(raw: bytes) -> None:
    api_version, kind, inner = protobuf.unwrap(raw)
    type_name = type_of(api_version, kind)
    assert type_name is not None
    known = schema().get(type_name)
    obj = Normaliser().struct(known, protobuf.decode(known, inner))
    assert protobuf.wrap(api_version, kind, protobuf.encode(known, obj)) == raw


def test_what_a_deployment_of_kubectl_says() -> None:
    raw = next(raw for raw in recorded() if protobuf.unwrap(raw)[1] == "Deployment")
    obj = protobuf.decode(schema().get("apps/v1.Deployment"), protobuf.unwrap(raw)[2])
    container = obj["spec"]["template"]["spec"]["containers"][0]
    assert (obj["metadata"]["name"], container["name"]) in (("web", "web"), ("test-hello", "hello"))
    assert container["ports"][0]["containerPort"] == 8080


def test_damaged_bytes_are_malformed_and_nothing_else() -> None:
    chance = random.Random(3)
    known = schema().get("core/v1.Pod")
    raw = protobuf.unwrap(next(r for r in recorded() if protobuf.unwrap(r)[1] == "Deployment"))[2]
    for _ in range(500):
        damaged = bytearray(raw)
        for _ in range(chance.randrange(1, 8)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            protobuf.decode(known, bytes(damaged[: chance.randrange(len(damaged))]))
        except protobuf.Malformed:
            continue
