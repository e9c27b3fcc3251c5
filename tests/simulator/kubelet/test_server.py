"""Pods as a client sees them, over real sockets."""

from __future__ import annotations

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from websockets.asyncio.client import connect

from simulator.kubelet.behaviour import Behaviour
from simulator.kubelet.network import PodNetwork, claim
from simulator.kubelet.server import BindError, PodServer


@pytest.fixture
def network() -> AsyncIterator[PodNetwork]:
    network = claim(None, random.Random())
    yield network
    network.close()


class Pod:
    def __init__(self, network: PodNetwork, behaviour: Behaviour | None = None) -> None:
        self.address = network.allocate()
        self.server = PodServer("test-hello-1", behaviour or Behaviour())
        self.url = f"http://{self.address}:8080"

    async def __aenter__(self) -> Pod:
        await self.server.start(self.address, [8080])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.close(0)

    async def exchange(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self.address, 8080)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False)


async def test_small_pieces_leave_at_once(network: PodNetwork) -> None:
    """Without TCP_NODELAY the second piece of an answer waits 40 ms for the client's acknowledgement of the first."""
    async with Pod(network) as pod, client() as http:
        await http.get(pod.url + "/")
        sockets = [one._transport.get_extra_info("socket") for one in pod.server.connections]
        assert [one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in sockets] == [1]


async def test_a_pod_says_hello_with_its_name(network: PodNetwork) -> None:
    async with Pod(network) as pod, client() as http:
        answer = await http.get(pod.url + "/")
        assert (answer.status_code, answer.text) == (200, "hello from test-hello-1\n")
        assert answer.headers["X-Pod"] == "test-hello-1"
        assert (await http.get(pod.url + "/any/path")).headers["X-Pod"] == "test-hello-1"


async def test_echo_tells_the_request_back(network: PodNetwork) -> None:
    async with Pod(network) as pod, client() as http:
        answer = await http.post(pod.url + "/echo/a%20b?x=1", content=b"payload", headers={"X-One": "1"})
        told = answer.json()
        assert told["method"] == "POST"
        assert told["target"] == "/echo/a%20b?x=1"
        assert told["body"] == "payload"
        assert ["X-One", "1"] in told["headers"]
        binary = (await http.post(pod.url + "/echo", content=b"\xff\x00")).json()
        assert binary["body_base64"] == "/wA="


async def test_bytes_arrive_whole_past_the_write_buffer(network: PodNetwork) -> None:
    async with Pod(network) as pod, client() as http:
        answer = await http.get(pod.url + "/bytes/5000000")
        assert len(answer.content) == 5_000_000
        assert answer.headers["Content-Length"] == "5000000"


async def test_a_stream_comes_in_chunks_and_ends(network: PodNetwork) -> None:
    async with Pod(network) as pod, client() as http:
        answer = await http.get(pod.url + "/stream/3?interval=10ms")
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert answer.text.splitlines() == [f"line {n} from test-hello-1" for n in range(3)]


async def test_status_and_delay_do_what_the_path_asks(network: PodNetwork) -> None:
    async with Pod(network) as pod, client() as http:
        assert (await http.get(pod.url + "/status/503")).status_code == 503
        empty = await http.get(pod.url + "/status/204")
        assert (empty.status_code, empty.content) == (204, b"")
        start = asyncio.get_running_loop().time()
        await http.get(pod.url + "/delay/0.05")
        assert asyncio.get_running_loop().time() - start >= 0.05


@pytest.mark.parametrize("path", ["/bytes/x", "/bytes/-1", "/status/99", "/delay/soon", "/stream/1?interval=x"])
async def test_a_path_that_makes_no_sense_is_400(network: PodNetwork, path: str) -> None:
    async with Pod(network) as pod, client() as http:
        answer = await http.get(pod.url + path)
        assert answer.status_code == 400
        assert "expected" in answer.text


async def test_pipelined_requests_are_answered_in_order(network: PodNetwork) -> None:
    async with Pod(network) as pod:
        requests = b"GET /delay/0.02 HTTP/1.1\r\nHost: a\r\n\r\nGET /status/201 HTTP/1.1\r\nHost: a\r\n\r\n"
        last = b"GET /status/202 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        answer = await pod.exchange(requests + last)
        assert answer.index(b"hello from") < answer.index(b"HTTP/1.1 201") < answer.index(b"HTTP/1.1 202")


async def test_head_has_the_length_and_no_body(network: PodNetwork) -> None:
    async with Pod(network) as pod:
        answer = await pod.exchange(b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert b"Content-Length: 24\r\n" in answer
        assert answer.endswith(b"\r\n\r\n")


async def test_garbage_is_400_and_the_connection_ends(network: PodNetwork) -> None:
    async with Pod(network) as pod:
        assert (await pod.exchange(b"\x16\x03\x01 not http\r\n\r\n")).startswith(b"HTTP/1.1 400 ")


async def test_http_1_0_without_keep_alive_ends_after_the_answer(network: PodNetwork) -> None:
    async with Pod(network) as pod:
        answer = await pod.exchange(b"GET /stream/2 HTTP/1.0\r\n\r\n")
        assert b"chunked" not in answer
        assert answer.endswith(b"line 1 from test-hello-1\n")


async def test_expect_100_continue_is_answered_before_the_body(network: PodNetwork) -> None:
    async with Pod(network) as pod:
        reader, writer = await asyncio.open_connection(pod.address, 8080)
        writer.write(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hi")
        await reader.readuntil(b"\r\n\r\n")
        assert json.loads(await reader.readline())["body"] == "hi"
        writer.close()


async def test_a_websocket_echoes_text_and_binary(network: PodNetwork) -> None:
    async with Pod(network) as pod, connect(f"ws://{pod.address}:8080/ws", proxy=None) as socket:
        await socket.send("hello")
        assert await socket.recv() == "hello"
        await socket.send(b"\x00" * 100_000)
        assert await socket.recv() == b"\x00" * 100_000


async def test_annotations_add_latency_and_force_a_status(network: PodNetwork) -> None:
    async with Pod(network, Behaviour(latency=0.05, status=500)) as pod, client() as http:
        start = asyncio.get_running_loop().time()
        answer = await http.get(pod.url + "/")
        assert answer.status_code == 500
        assert asyncio.get_running_loop().time() - start >= 0.05


async def test_an_ending_pod_finishes_what_is_in_flight_and_takes_nothing_new(network: PodNetwork) -> None:
    async with Pod(network) as pod, client() as http:
        async with http.stream("GET", pod.url + "/stream/3?interval=50ms") as answer:
            closing = asyncio.create_task(pod.server.close(5))
            lines = [line async for line in answer.aiter_lines()]
        await closing
        assert lines == [f"line {n} from test-hello-1" for n in range(3)]
        with pytest.raises(httpx.ConnectError):
            await http.get(pod.url + "/")


async def test_patience_ends_and_what_is_in_flight_is_cut(network: PodNetwork) -> None:
    async with Pod(network) as pod, client() as http, http.stream("GET", pod.url + "/stream/3?interval=30s") as answer:
        await pod.server.close(0.05)
        with pytest.raises(httpx.TransportError):
            await answer.aread()


async def test_a_port_in_use_is_named_and_none_is_left_open(network: PodNetwork) -> None:
    address = network.allocate()
    with socket.create_server((address, 8081)):
        with pytest.raises(BindError, match=rf"{address}:8081: Address already in use"):
            await PodServer("p", Behaviour()).start(address, [8080, 8081])
        socket.create_server((address, 8080)).close()
