"""How a worker ends, what it tells, and its life as a process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from pathlib import Path

import msgspec
import pytest

from edge.gateway.listening import ListenAddress
from edge.gateway.telemetry.metrics import Measures
from edge.model import Revision, SourceState
from tests.gateway.serving import SOURCE, content, counted, endpoints
from tests.gateway.working import GET, Process, answer_to, endpoint, pod, read_answer, worker


async def test_draining_finishes_what_is_in_flight_and_closes_the_idle() -> None:
    asked = asyncio.Event()
    go_on = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await go_on.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with endpoint(slow) as address, worker(address, drain_timeout=5) as (running, port):
        idle, idle_writer = await asyncio.open_connection("127.0.0.1", port)
        idle_writer.write(GET.replace(b"www", b"unknown"))
        await read_answer(idle)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await asked.wait()
        draining = asyncio.get_running_loop().create_task(running.drain())
        assert await idle.read() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        go_on.set()
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert b"\r\nconnection: close\r\n" in answer
        await draining
        for each in (writer, idle_writer):
            each.close()


async def test_connections_that_wait_in_the_listening_queue_are_answered_before_it_is_closed() -> None:
    async with endpoint(pod) as address, worker(address, drain_timeout=5) as (running, port):
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]  # the loop has no turn to accept
        for client in clients:
            client.setblocking(False)
            client.send(GET)
        await running.drain()
        for client in clients:
            answer = client.recv(65536)
            assert answer.endswith(b"ok")
            assert b"connection: close" in answer
            client.close()


async def test_what_does_not_end_within_the_drain_timeout_is_cut() -> None:
    asked = asyncio.Event()

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()

    async with endpoint(never) as address, worker(address, drain_timeout=0.2) as (running, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await asked.wait()
        await running.drain()
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        assert running.path.connections == {}
        writer.close()


async def test_measures_and_snapshot_are_told() -> None:
    async with endpoint(pod) as address, worker(address) as (running, port):
        await answer_to(port, GET)
        measures = msgspec.json.decode(running.serving.metrics(), type=Measures)
        assert counted(running.path) == {"a1": {"u1": [0, 1, 0, 0, 0]}}
        assert measures.traffic["a1"]["u1"][address].requests == 1
        assert measures.upstream_connections == {"idle": 1, "busy": 0, "connecting": 0}
        assert measures.endpoint_connections == {address: 1}
        assert measures.snapshot_revision == int(Revision(1, 1))
        assert measures.endpoint_revision_age is not None
        described = msgspec.json.decode(running.serving.describe())
        assert [source["endpoints"][0]["address"] for source in described["sources"]] == ["127.0.0.1"]


async def test_what_a_gone_endpoint_counted_stays_in_the_sums_and_has_no_name_any_more() -> None:
    async with endpoint(pod) as address, worker(address) as (running, port):
        await answer_to(port, GET)
        running.serving.apply_source(endpoints("127.0.0.9:1", number=2))
        measures = msgspec.json.decode(running.serving.metrics(), type=Measures)
        assert list(measures.traffic["a1"]["u1"]) == [""]
        assert measures.traffic["a1"]["u1"][""].requests == 1


async def test_an_endpoint_that_is_passed_over_is_told() -> None:
    closed = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{closed.getsockname()[1]}"
    closed.close()
    async with worker(address, ejection_failures=1) as (running, port):
        assert (await answer_to(port, GET)).startswith(b"HTTP/1.1 502 ")
        measures = msgspec.json.decode(running.serving.metrics(), type=Measures)
        assert measures.ejected == {address: 1}
        assert measures.traffic["a1"]["u1"][address].classes == [0, 0, 0, 0, 1]


async def test_an_endpoint_that_is_a_port_of_this_gateway_is_never_asked() -> None:
    async with endpoint(pod) as address, endpoint(pod) as status:
        process = Process(content(address, status))
        await process.start(own=(ListenAddress("0.0.0.0", int(status.rpartition(":")[2])),), drain_timeout=1)
        listening = f"127.0.0.1:{process.port}"
        for number, given in enumerate(((address, status), (address, status, listening)), 2):
            process.hub.publish_source(endpoints(*given, number=number))
            snapshot = msgspec.json.decode(await process.hub.ask("worker 0", "snapshot"))
            (source,) = snapshot["sources"]
            assert source["revision"] == int(Revision(1, number))
            assert [f"127.0.0.1:{one['port']}" for one in source["endpoints"]] == [address]
            assert (await answer_to(process.port, GET)).endswith(b"ok")
        process.hub.publish_source(endpoints(status, listening, number=4))
        await process.hub.ask("worker 0", "snapshot")
        assert b" 503 " in await answer_to(process.port, GET)
        process.process.send_signal(signal.SIGTERM)
        _, errors = await process.process.communicate()
        assert errors.count(b"left out") == 2
        await process.served


def written(folder: Path) -> str:
    return "".join(file.read_text() for file in folder.iterdir())


async def test_a_worker_process_serves_what_its_agent_pushes_and_ends_on_sigterm(tmp_path: Path) -> None:
    lines = tmp_path / "access.log"
    async with endpoint(pod) as one, endpoint(pod) as two:
        process = Process(content(one))
        await process.start(drain_timeout=1, access_log=str(lines))
        assert (await answer_to(process.port, GET)).endswith(b"ok")
        process.hub.publish_source(SourceState(SOURCE, Revision(1, 2), endpoints(two).endpoints))
        measures = msgspec.json.decode(await process.hub.ask("worker 0", "metrics"), type=Measures)
        assert measures.traffic["a1"]["u1"][""].classes == [0, 1, 0, 0, 0]
        snapshot = msgspec.json.decode(await process.hub.ask("worker 0", "snapshot"))
        assert f"127.0.0.1:{snapshot['sources'][0]['endpoints'][0]['port']}" == two
        for number in (signal.SIGHUP, signal.SIGUSR1):  # what log rotation sends
            lines.rename(tmp_path / f"access.log.{number}")
            process.process.send_signal(number)
            while not lines.exists():
                await process.hub.ask("worker 0", "metrics")
        process.process.send_signal(signal.SIGTERM)
        _, errors = await process.process.communicate()
        assert (process.process.returncode, errors) == (0, b"")
        assert written(tmp_path).count('"path":"/"') == 1
        await process.served


async def test_a_worker_process_ends_when_its_agent_has_gone() -> None:
    async with endpoint(pod) as address:
        process = Process(content(address))
        await process.start(drain_timeout=1)
        await process.channel.close()
        assert await process.process.wait() == 0
        await process.served


async def test_a_worker_process_that_is_told_nonsense_says_so() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge.gateway.process", '{"index": "x"}', stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert b"expected one argument" in errors
    assert b"Traceback" not in errors
