import asyncio
import time

import pytest

from scenarios.model import Ramp, Traffic
from scenarios.traffic import Running, percentile, rate_at


class Server:
    """Answers `answers` in turn to every request, byte for byte; None closes the connection instead."""

    def __init__(self, *answers):
        self.answers, self.requests, self.connections, self._handlers = answers, [], 0, []

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *error):
        self._server.close()
        for handler in self._handlers:
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)
        await asyncio.sleep(0.01)  # transports close one turn of the loop later

    async def _serve(self, reader, writer):
        self.connections += 1
        self._handlers.append(asyncio.current_task())
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                answer = self.answers[len(self.requests) % len(self.answers)]
                self.requests.append(head)
                if answer is None:
                    break
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


OK = b"HTTP/1.1 200 OK\r\nX-Pod: pod-1\r\nContent-Length: 2\r\n\r\nok"


async def until(running, count):
    async with asyncio.timeout(10):
        while len(running.samples) < count:  # noqa: ASYNC110 - samples are a plain list
            await asyncio.sleep(0.01)
    await running.stop()


def begin(server, **wanted):
    running = Running("steady", Traffic(**{"rate": "500/s", **wanted}), {"gateway-1": server.url}, time.monotonic)
    running.start()
    return running


async def test_every_answer_is_remembered_with_its_pod():
    async with Server(OK) as server:
        running = begin(server, path="/a", headers={"X-One": "1"}, clients=2)
        await until(running, 20)
    assert running.failed == 0
    assert {sample.pod for sample in running.samples} == {"pod-1"}
    assert server.connections <= 2
    assert server.requests[0].startswith(b"GET /a HTTP/1.1\r\nHost: www.kubernetes-edge-test.com\r\nX-One: 1\r\n")


async def test_new_connections_are_new_for_every_request():
    async with Server(OK) as server:
        running = begin(server, connections="new")
        await until(running, 10)
        assert server.connections >= 10
    assert b"Connection: close" in server.requests[0]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "503"),
        (b"nonsense\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nok", "timeout"),
    ],
)
async def test_what_fails_is_counted_by_its_class(answer, outcome):
    async with Server(answer) as server:
        running = begin(server, timeout="200ms")
        await until(running, 3)
    assert running.outcomes[outcome] > 0
    assert running.failed == len(running.samples)


async def test_a_gateway_that_closes_without_an_answer_is_an_error():
    async with Server(None) as server:
        running = begin(server)
        await until(running, 3)
    assert running.outcomes["closed"] > 0


async def test_nobody_listening_is_refused():
    async with Server(OK) as server:
        pass
    running = begin(server)
    await until(running, 3)
    assert running.outcomes["refused"] == running.failed > 0


def test_a_ramp_changes_steadily_and_stays():
    ramp = Ramp(from_="10/s", to="110/s", over="10s")
    assert [rate_at(ramp, after) for after in (0, 5, 10, 60)] == [10, 60, 110, 110]


def test_percentiles_are_of_the_nearest_rank():
    assert percentile([], 0.99) == 0.0
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([1.0] * 99 + [9.0], 1.0) == 9.0


async def test_the_answer_to_a_head_ends_with_its_headers():
    async with Server(OK.removesuffix(b"ok")) as server:
        running = begin(server, method="HEAD", clients=1)
        await until(running, 5)
    assert running.failed == 0


async def test_a_request_that_finds_no_free_client_in_time_is_late():
    async with Server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok") as server:  # never complete
        running = begin(server, clients=1, timeout="100ms")
        await until(running, 10)
    assert running.outcomes["late"] > running.outcomes["timeout"] > 0


async def test_latency_counts_from_when_a_request_was_due():
    async with Server(OK) as server:
        running = begin(server, clients=1, rate="50/s")
        await until(running, 3)
    assert all(sample.seconds >= 0 for sample in running.samples)
    gaps = [later.at - earlier.at for earlier, later in zip(running.samples, running.samples[1:], strict=False)]
    assert gaps == pytest.approx([0.02] * len(gaps)), "the rate is kept whether or not answers come"


async def test_clients_are_spread_over_the_gateways_that_are_named():
    async with Server(OK) as one, Server(OK) as other:
        urls = {"gateway-1": one.url, "gateway-2": other.url, "gateway-3": "http://127.0.0.1:1"}
        wanted = Traffic(rate="500/s", gateways=["gateway-1", "gateway-2"])
        running = Running("steady", wanted, urls, time.monotonic)
        running.start()
        await until(running, 20)
    assert {sample.gateway for sample in running.samples} == {"gateway-1", "gateway-2"}
    assert running.failed == 0


async def test_a_body_is_sent_with_its_length():
    async with Server(OK) as server:
        running = begin(server, method="POST", body="grüße", clients=1, connections="new")
        await until(running, 1)
    assert b"Content-Length: 7\r\n" in server.requests[0]
