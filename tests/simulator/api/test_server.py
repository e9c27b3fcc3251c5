"""Over TLS: certificates, streams that are flushed at once, connections that break."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from simulator import clock
from simulator.access.certificates import Authority, server_context
from simulator.api.server import ApiServer
from tests.simulator.api.client import TOKEN, Api

MAPS = "/api/v1/namespaces/default/configmaps"


class Served:
    def __init__(self, folder: Path) -> None:
        self.api = Api()
        self.authority = Authority(clock.now())
        self.folder = folder
        context = server_context(self.authority, self.authority.server([]), folder)
        self.server = ApiServer(self.api.application, "127.0.0.1", 0, context)

    def client(self, pair: tuple[str, str] | None = None, token: str | None = TOKEN) -> httpx.AsyncClient:
        context = ssl.create_default_context(cadata=self.authority.certificate.decode())
        if pair is not None:
            context.load_cert_chain(*pair)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        base = f"https://127.0.0.1:{self.server.port}"
        return httpx.AsyncClient(verify=context, base_url=base, headers=headers, trust_env=False)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    served = Served(tmp_path)
    await served.server.start()
    yield served
    await served.server.stop()
    await served.api.application.close()


async def test_the_authority_vouches_for_the_server_and_keys_are_private(served: Served) -> None:
    async with served.client(token=None) as client:
        assert (await client.get("/readyz")).text == "ok"
    assert (served.folder / "server.key").stat().st_mode & 0o777 == 0o600


async def test_small_pieces_leave_at_once(served: Served) -> None:
    """Without TCP_NODELAY the second piece of an answer waits 40 ms for the client's acknowledgement of the first."""
    async with served.client() as client:
        await client.get("/readyz")
        connections = served.server._server.server_state.connections
        sockets = [one.transport.get_extra_info("socket") for one in connections]
        assert [one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in sockets] == [1]


async def test_a_client_certificate_is_a_user_with_groups(served: Served) -> None:
    pair = served.authority.client("jane", ["system:masters"])
    for name, content in (("c.crt", pair.certificate), ("c.key", pair.key)):
        (served.folder / name).write_bytes(content)
    files = (str(served.folder / "c.crt"), str(served.folder / "c.key"))
    async with served.client(files, token=None) as client:
        review = (await client.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", json={})).json()
    assert review["status"]["userInfo"] == {"username": "jane", "groups": ["system:masters", "system:authenticated"]}


async def test_each_event_is_sent_before_the_next_is_made(served: Served) -> None:
    async with served.client() as client, client.stream("GET", f"{MAPS}?watch=true") as stream:
        lines = stream.aiter_lines()
        for name in ("a", "b"):
            await served.api.call("POST", MAPS, {"metadata": {"name": name}})
            event = json.loads(await asyncio.wait_for(anext(lines), 5))
            assert event["object"]["metadata"]["name"] == name


async def test_a_reader_that_leaves_ends_its_watch(served: Served) -> None:
    async with served.client() as client:
        async with client.stream("GET", f"{MAPS}?watch=true"):
            assert served.api.application.open_streams == 1
        async with asyncio.timeout(5):
            while served.api.application.open_streams:  # noqa: ASYNC110  the server's socket tells nobody else
                await asyncio.sleep(0.01)


async def test_stopping_ends_watches_cleanly(served: Served) -> None:
    async with served.client() as client, client.stream("GET", f"{MAPS}?watch=true") as stream:
        await served.server.stop()
        assert [line async for line in stream.aiter_lines()] == []
    assert not served.server.running


async def test_stopping_does_not_wait_for_idle_clients_that_read_nothing(served: Served) -> None:
    context = ssl.create_default_context(cadata=served.authority.certificate.decode())
    reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port, ssl=context)
    writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # as a client that sleeps: its TLS never says goodbye
    began = clock.precise()
    await served.server.stop()
    assert clock.precise() - began < 0.5
    writer.transport.abort()


async def test_a_cut_breaks_the_connection_in_the_middle_of_the_body(served: Served) -> None:
    served.api.application.faults.add({"times": 1, "fault": {"type": "cut"}})
    async with served.client() as client:
        with pytest.raises(httpx.HTTPError):
            await client.get("/api/v1/namespaces")
        assert (await client.get("/api/v1/namespaces")).status_code == 200


async def test_silence_is_an_open_connection_without_an_answer(served: Served) -> None:
    served.api.application.faults.add({"times": 1, "fault": {"type": "silence"}})
    async with served.client() as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/api/v1/namespaces", timeout=0.3)


async def test_stopping_breaks_off_who_is_still_in_the_handshake(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
    async with served.client() as client:
        assert (await client.get("/version")).status_code == 200  # what came before is accepted
    await served.server.stop(crash=True)
    try:
        async with asyncio.timeout(5):
            assert await reader.read() == b""
    except ConnectionResetError:
        pass
    writer.close()


async def test_stopping_leaves_the_handshakes_of_another_server_in_the_same_loop_alone(
    served: Served, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Served(tmp_path / "other")
    await other.server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", other.server.port)
    async with other.client() as client:
        assert (await client.get("/version")).status_code == 200  # what came before is accepted
    await served.server.stop()
    context = ssl.create_default_context(cadata=other.authority.certificate.decode())
    await writer.start_tls(context, server_hostname="127.0.0.1")
    writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    async with asyncio.timeout(5):
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
    writer.close()
    await other.server.stop()
    await other.api.application.close()


@pytest.mark.parametrize("steps", range(8))
async def test_stopping_leaves_nobody_waiting_who_is_accepted_just_then(served: Served, steps: int) -> None:
    with socket.create_connection(("127.0.0.1", served.server.port)) as client:
        client.setblocking(False)
        for _ in range(steps):
            await asyncio.sleep(0)
        await served.server.stop(crash=True)
        try:
            async with asyncio.timeout(5):
                assert await asyncio.get_running_loop().sock_recv(client, 1) == b""
        except ConnectionResetError:
            pass
