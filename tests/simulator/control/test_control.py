"""The control API over a real socket, controlling something that only notes what it was told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from simulator.control.control import Control
from simulator.control.http import JsonServer, is_loopback


class Noted:
    """A controlled simulator that notes what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.faults = NotedFaults()

    def state(self) -> dict[str, Any]:
        return {"server": "running"}

    def requests(self) -> list[dict[str, Any]]:
        return [{"verb": "list", "resource": "pods"}]

    def revoke(self, namespace: str, service_account: str, *, at_once: bool = False) -> int:
        if service_account == "nobody":
            raise LookupError("there is no service account default/nobody")
        self.told.append(("revoke", namespace, service_account))
        return 1

    def compact(self, revision: int | None) -> int:
        self.told.append(("compact", revision))
        return revision or 99

    async def stop_server(self, keep: bool, *, crash: bool = False) -> None:
        self.told.append(("stop", keep))

    async def start_server(self) -> None:
        self.told.append(("start",))

    async def reset(self) -> None:
        self.told.append(("reset",))


class NotedFaults:
    def __init__(self) -> None:
        self.held: dict[str, dict[str, Any]] = {}

    def add(self, wanted: Any) -> str:
        if not isinstance(wanted, dict) or "fault" not in wanted:
            raise ValueError("fault: expected {type, …}")
        self.held["f1"] = wanted
        return "f1"

    def list(self) -> list[dict[str, Any]]:
        return [{"id": key, **value} for key, value in self.held.items()]

    def get(self, id: str) -> dict[str, Any] | None:
        return self.held.get(id)

    def remove(self, id: str) -> bool:
        return self.held.pop(id, None) is not None

    def clear(self) -> None:
        self.held.clear()


@pytest.fixture
async def noted() -> Noted:
    return Noted()


@pytest.fixture
async def client(noted: Noted) -> AsyncIterator[httpx.AsyncClient]:
    server = JsonServer(Control(noted).handle)
    await server.start("127.0.0.1", 0)
    async with httpx.AsyncClient(base_url=server.url + "/control/v1", trust_env=False) as client:
        yield client
    await server.stop()


async def test_each_path_does_its_part(noted: Noted, client: httpx.AsyncClient) -> None:
    assert (await client.get("/state")).json() == {"server": "running"}
    assert (await client.get("/requests")).json() == {"items": [{"verb": "list", "resource": "pods"}]}
    await client.post("/tokens/revoke", json={"namespace": "default", "serviceaccount": "reader"})
    assert (await client.post("/compact", json={"revision": 7})).json() == {"revision": 7}
    assert (await client.post("/compact")).json() == {"revision": 99}
    await client.post("/server", json={"state": "stopped", "keep": False})
    await client.post("/server", json={"state": "running"})
    await client.post("/reset", json={})
    assert noted.told == [
        ("revoke", "default", "reader"),
        ("compact", 7),
        ("compact", None),
        ("stop", False),
        ("start",),
        ("reset",),
    ]


async def test_faults_are_made_listed_and_removed(client: httpx.AsyncClient) -> None:
    made = await client.post("/faults", json={"fault": {"type": "status", "code": 503}})
    assert (made.status_code, made.json()) == (201, {"id": "f1"})
    assert (await client.get("/faults")).json()["items"][0]["id"] == "f1"
    assert (await client.get("/faults/f1")).json() == {"fault": {"type": "status", "code": 503}}
    assert (await client.delete("/faults/f1")).status_code == 204
    assert (await client.get("/faults/f1")).status_code == 404
    assert (await client.delete("/faults")).status_code == 204


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("/faults", {}, 422, None),
        ("/server", {"state": "asleep"}, 422, "state"),
        ("/server", {"state": "running", "kep": True}, 422, None),
        ("/compact", {"revision": "x"}, 422, "revision"),
        ("/compact", {"revision": -1}, 422, "revision"),
        ("/tokens/revoke", {"namespace": "default"}, 422, None),
        ("/tokens/revoke", {"namespace": "default", "serviceaccount": "nobody"}, 404, "serviceaccount"),
        ("/reset", {"everything": True}, 422, None),
        ("/nowhere", {}, 404, None),
    ],
)
async def test_bad_input_says_what_is_wrong(
    client: httpx.AsyncClient, path: str, body: Any, status: int, field: str | None
) -> None:
    answer = await client.post(path, json=body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["message"]
    assert error.get("field") == field


async def test_only_json_of_this_host_and_origin_is_taken(noted: Noted, client: httpx.AsyncClient) -> None:
    form = await client.post("/reset", content=b"{}", headers={"Content-Type": "text/plain"})
    assert form.status_code == 415
    broken = await client.post("/reset", content=b"{", headers={"Content-Type": "application/json"})
    assert broken.status_code == 400
    rebound = await client.post("/reset", json={}, headers={"Host": "evil.example"})
    assert rebound.status_code == 403
    crossed = await client.post("/reset", json={}, headers={"Origin": "http://evil.example"})
    assert crossed.status_code == 403
    assert (await client.get("/reset")).status_code == 405
    assert noted.told == []


async def test_with_a_token_nothing_works_without_it(noted: Noted) -> None:
    server = JsonServer(Control(noted).handle, token="secret")
    await server.start("127.0.0.1", 0)
    async with httpx.AsyncClient(base_url=server.url + "/control/v1", trust_env=False) as client:
        assert (await client.get("/state")).status_code == 401
        assert (await client.get("/state", headers={"Authorization": "Bearer wrong"})).status_code == 401
        assert (await client.get("/state", headers={"Authorization": "Bearer secret"})).status_code == 200
    await server.stop()


async def test_garbage_is_400(client: httpx.AsyncClient) -> None:
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(b"\x00\x01 garbage\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1", True), ("::1", True), ("0.0.0.0", False), ("localhost", True)]
)
def test_loopback_is_told_from_the_rest(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
