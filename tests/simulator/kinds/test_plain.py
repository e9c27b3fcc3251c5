"""What a ConfigMap or a Secret may hold."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from simulator.kinds import plain
from tests.simulator.api.client import Api

MAPS = "/api/v1/namespaces/default/configmaps"
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"data": {"a b": "1"}}, 'data[a b]: Invalid value: "a b": a valid config key must consist of alphanumeric'),
        ({"data": {"..a": "1"}}, "data[..a]: Invalid value: \"..a\": must not start with '..'"),
        ({"data": {"k": "1"}, "binaryData": {"k": "MQ=="}}, "duplicate of key present in binaryData"),
        ({"data": {"k": "x" * (MIB + 1)}}, "[]: Too long: may not be more than 1048576 bytes"),
    ],
)
async def test_what_no_config_map_may_hold_is_refused_with_the_reason(content: dict[str, Any], said: str) -> None:
    reply = await Api().call("POST", MAPS, {"metadata": {"name": "a"}, **content})
    assert (reply.status, reply.json()["reason"]) == (422, "Invalid")
    assert said in reply.json()["message"]


async def test_a_full_config_map_is_stored() -> None:
    reply = await Api().call("POST", MAPS, {"metadata": {"name": "a"}, "data": {"k": "x" * MIB}})
    assert reply.status == 201


def test_a_secret_is_measured_by_what_it_holds_not_by_its_encoding() -> None:
    def problems(size: int) -> list[str]:
        obj = {"metadata": {}, "type": "Opaque", "data": {"k": base64.b64encode(b"x" * size).decode()}}
        return [cause.field for cause in plain.validate_secret(obj, None)]

    assert problems(MIB) == []
    assert problems(MIB + 1) == ["data"]
