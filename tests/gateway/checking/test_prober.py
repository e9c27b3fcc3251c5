"""Checks on real sockets."""

import socket

import pytest

from edge.gateway.checking.plan import Probe
from edge.gateway.checking.prober import Prober, is_success
from edge.model import UpstreamTls
from edge.model.health_check import HealthCheck
from tests.gateway.tls.test_upstream import NAME, authority
from tests.gateway.tls.test_upstream import endpoint as secure_endpoint
from tests.gateway.working import endpoint


async def ask(address, tls=None, **check):
    host, _, port = address.rpartition(":")
    return await Prober()(Probe((host, int(port)), HealthCheck(**{"timeout": 5, **check}), tls))


def answering(data, heard=None):
    async def handle(reader, writer):
        request = await reader.readuntil(b"\r\n\r\n")
        if heard is not None:
            heard.append(request)
        writer.write(data)

    return handle


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
        (b"HTTP/1.0 302 Found\r\n\r\n", ""),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n", ""),
        (b"HTTP/1.1 200\r\n\r\n" + b"x" * 200_000, ""),
        (b"HTTP/1.1 500 Oh\r\n\r\n", "it answered 500"),
        (b"SSH-2.0-OpenSSH\r\n", "its answer is no HTTP"),
        (b"", "its answer is no HTTP"),
        (b"x" * 20_000, "its answer is no HTTP"),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes) else None,
)
async def test_an_answer_says_whether_all_is_well(answer, reason):
    async with endpoint(answering(answer)) as address:
        assert await ask(address) == reason


async def test_what_is_asked_is_the_path_of_the_host_and_the_connection_is_given_back():
    heard = []
    async with endpoint(answering(b"HTTP/1.1 200 OK\r\n\r\n", heard)) as address:
        assert await ask("127.0.0.1:9", path="/health?x=1", host="shop.example", port=int(address[10:])) == ""
        assert await ask(address) == ""
    first, second = heard
    assert first.startswith(b"GET /health?x=1 HTTP/1.1\r\nHost: shop.example\r\n")
    assert b"\r\nConnection: close\r\n" in first
    assert second.startswith(f"GET / HTTP/1.1\r\nHost: {address}\r\n".encode())


async def test_a_tcp_check_asks_for_nothing_but_a_connection():
    async with endpoint(answering(b"")) as address:
        assert await ask(address, type="tcp") == ""


async def test_an_endpoint_that_refuses_or_does_not_answer_fails():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        assert await ask(address, timeout=0.1) == "no answer within 0.1 s"
    assert await ask(address) == "the connection was refused"
    assert await ask("host.invalid:80") != ""


async def test_an_endpoint_that_closes_at_once_is_no_http():
    async def closing(reader, writer):
        writer.close()

    async with endpoint(closing) as address:
        assert await ask(address) in ("its answer is no HTTP", "the connection was reset")


@pytest.mark.parametrize(
    ("name", "reason"), [(NAME, ""), ("other.example", "the endpoint's certificate is not trusted: Hostname mismatch")]
)
async def test_over_tls_the_certificate_is_verified_as_for_requests(tmp_path, name, reason):
    async with secure_endpoint(tmp_path, NAME) as (port, *_):
        tls = UpstreamTls(server_name=name, ca_certificate=authority().certificate)
        assert (await ask(f"127.0.0.1:{port}", tls, type="tcp")).startswith(reason)


def test_statuses_are_those_of_the_check_or_every_one_below_400():
    assert [status for status in (199, 200, 399, 400) if is_success(HealthCheck(), status)] == [200, 399]
    assert [status for status in (200, 401, 500) if is_success(HealthCheck(statuses=(401,)), status)] == [401]
