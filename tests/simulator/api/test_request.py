"""Which verbs a form of path takes."""

from __future__ import annotations

import pytest

from tests.simulator.api.client import Api

MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/v1/configmaps"),
        ("POST", "/api/v1/configmaps"),
        ("POST", f"{MAPS}/m"),
        ("PATCH", MAPS),
        ("PUT", MAPS),
        ("POST", "/api/v1/nodes/n"),
        ("HEAD", MAPS),
        ("OPTIONS", MAPS),
    ],
)
async def test_what_no_route_takes_is_refused_and_changes_nothing(method: str, path: str) -> None:
    api = Api()
    await api.call("POST", MAPS, {"metadata": {"name": "kept"}})
    body = {"metadata": {"name": "m"}} if method in ("POST", "PUT") else None
    assert (await api.call(method, path, body)).status == 405
    assert [one["metadata"]["name"] for one in (await api.call("GET", MAPS)).json()["items"]] == ["kept"]
