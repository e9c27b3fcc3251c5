"""JSON patches that do not fit are refused as the API server refuses them: it does not say why."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.api.client import Api

MAP = "/api/v1/namespaces/default/configmaps/a"
JSON_PATCH = {"content-type": "application/json-patch+json"}


async def patched(operations: Any) -> tuple[int, dict[str, Any]]:
    api = Api()
    await api.call("POST", MAP.removesuffix("/a"), {"metadata": {"name": "a"}, "data": {"x": "1"}})
    reply = await api.call("PATCH", MAP, operations, headers=JSON_PATCH)
    return reply.status, reply.json()


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/data/nope"},
        {"op": "test", "path": "/data/x", "value": "2"},
        {"op": "nope", "path": "/data/x"},
        {"op": "replace", "path": "/data/x"},
        {"op": "copy", "path": "/data/y"},
        {"op": "remove"},
    ],
    ids=str,
)
async def test_what_does_not_fit_is_invalid(operation: dict[str, str]) -> None:
    status, body = await patched([operation])
    assert (status, body["reason"], body["details"]) == (422, "Invalid", {})
    assert body["message"] == "the server rejected our request due to an error in our request"


@pytest.mark.parametrize("operations", [{"op": "remove", "path": "/data/x"}, ["remove"]], ids=str)
async def test_what_is_no_patch_is_a_bad_request(operations: Any) -> None:
    status, body = await patched(operations)
    assert (status, body["reason"]) == (400, "BadRequest")


async def test_what_fits_is_done_in_order() -> None:
    operations = [
        {"op": "add", "path": "/data/y", "value": "2"},
        {"op": "move", "from": "/data/x", "path": "/data/z"},
        {"op": "test", "path": "/data/z", "value": "1"},
    ]
    status, body = await patched(operations)
    assert (status, body["data"]) == (200, {"y": "2", "z": "1"})
