"""HTTPS to endpoints, on real sockets."""

import asyncio
import contextlib
import os
import socket
import ssl

import msgspec
import pytest
import uvloop

from edge.model import (
    ApplicationDocument,
    Condition,
    Proxy,
    Rule,
    Server,
    Upstream,
    UpstreamTls,
)
from tests.gateway.tls.securing import certified, connect, contents, securing
from tests.gateway.working import answer_to, pod
from tests.support.authority import Authority, authority

NAME = "backend.example"


def proxying(*tls, port):
    """One that sends /0, /1 … to the same server, spoken to as each of `tls` says."""
    upstreams = tuple(
        Upstream(f"u{n}", f"upstream {n}", (Server("127.0.0.1", port),), tls=one) for n, one in enumerate(tls)
    )
    rules = tuple(
        Rule(f"r{n}", conditions=(Condition("path", "equals", (f"/{n}",)),), actions=(Proxy(f"u{n}"),))
        for n in range(len(tls))
    )
    return ApplicationDocument("a", "a", ("www.example.com",), upstreams=upstreams, rules=rules)


@contextlib.asynccontextmanager
async def endpoint(tmp_path, *names, days=10.0, seen=None):
    """A server with a certificate for these names; `seen` gets the names that clients ask for."""
    chain, key = authority().issue(*names, days=days)
    file = tmp_path / "endpoint.pem"
    file.write_text(key + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.sni_callback = lambda connection, name, _: seen.append(name) if seen is not None else None
    connections = []

    async def handle(reader, writer):
        connections.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await pod(reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], connections
    finally:
        server.close()


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: www.example.com\r\n\r\n".encode()


TRUSTED = UpstreamTls(server_name=NAME, ca_certificate=authority().certificate)


async def test_the_name_is_sent_and_verified_and_the_connection_used_again(tmp_path):
    seen = []
    async with (
        endpoint(tmp_path, NAME, seen=seen) as (port, connections),
        securing(contents([proxying(TRUSTED, port=port)])) as (worker, _, plain),
    ):
        for _ in range(3):
            assert (await answer_to(plain, get("/0"))).startswith(b"HTTP/1.1 200")
        assert seen == [NAME]
        assert len(connections) == 1
        assert worker.path.pool.counts() == {"idle": 0, "busy": 0, "connecting": 0}


async def test_upstreams_with_other_tls_never_share_a_connection(tmp_path):
    anything = UpstreamTls(verify=False)
    async with (
        endpoint(tmp_path, NAME) as (port, connections),
        securing(contents([proxying(TRUSTED, anything, TRUSTED, port=port)])) as (worker, _, plain),
    ):
        for path in ("/0", "/1", "/2", "/1"):
            assert (await answer_to(plain, get(path))).startswith(b"HTTP/1.1 200")
        assert len(connections) == 2
        worker.serving.apply(contents([proxying(TRUSTED, port=port)], number=2))
        assert [pool.tls for pool in worker.path.pools] == [None, TRUSTED]


@pytest.mark.parametrize(
    ("tls", "names", "days", "said"),
    [
        (
            UpstreamTls(server_name=NAME),
            (NAME,),
            10,
            b"not trusted: self-signed certificate|unable to get local issuer",
        ),
        (
            UpstreamTls(server_name=NAME, ca_certificate=Authority("another").certificate),
            (NAME,),
            10,
            b"not trusted: unable to get local issuer certificate",
        ),
        (TRUSTED, ("other.example",), 10, b"not trusted: Hostname mismatch"),
        (TRUSTED, (NAME,), -1, b"not trusted: certificate has expired"),
    ],
)
async def test_a_certificate_that_is_not_trusted_is_answered_502_with_the_reason(tmp_path, tls, names, days, said):
    async with (
        endpoint(tmp_path, *names, days=days) as (port, _),
        securing(contents([proxying(tls, port=port)])) as (_, _, plain),
    ):
        answer = await answer_to(plain, get("/0"))
        assert answer.startswith(b"HTTP/1.1 502")
        assert any(part in answer for part in said.split(b"|"))


async def test_without_verification_any_certificate_will_do(tmp_path):
    async with (
        endpoint(tmp_path, "other.example", days=-1) as (port, _),
        securing(contents([proxying(UpstreamTls(verify=False), port=port)])) as (_, _, plain),
    ):
        assert (await answer_to(plain, get("/0"))).startswith(b"HTTP/1.1 200")


async def test_an_endpoint_that_speaks_plain_http_is_answered_502_and_said():
    async def handle(reader, writer):
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with securing(contents([proxying(TRUSTED, port=port)])) as (_, _, plain):
        answer = await answer_to(plain, get("/0"))
        assert answer.startswith(b"HTTP/1.1 502")
        assert b"the endpoint's TLS handshake failed" in answer
    server.close()


async def test_a_websocket_over_tls_on_both_sides_ends_when_either_side_does(tmp_path, caplog):
    switched = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"

    async def handle(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(switched)
        writer.write(b"you said " + await reader.readexactly(5))
        writer.close()

    chain, key = authority().issue(NAME)
    file = tmp_path / "endpoint.pem"
    file.write_text(key + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    shop = msgspec.structs.replace(proxying(TRUSTED, port=port), certificates=("c",))
    async with securing(contents([shop], [certified("c", "www.example.com")])) as (worker, tls, _):
        reader, writer = await connect(tls, "www.example.com")
        upgrade = b"Connection: upgrade\r\nUpgrade: websocket\r\n"
        writer.write(b"GET /0 HTTP/1.1\r\nHost: www.example.com\r\n" + upgrade + b"\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        writer.write(b"hello")
        assert await reader.read() == b"you said hello"
        assert not worker.path.tunnels
        writer.close()
    assert "eof_received" not in caplog.text
    server.close()


@pytest.mark.parametrize("announced", [True, False])
def test_only_an_announced_end_makes_a_body_without_a_length_whole(tmp_path, announced):
    """RFC 9112 9.8. The workers' event loop tells the two apart; asyncio's own does not."""
    chain, key = authority().issue(NAME)
    file = tmp_path / "endpoint.pem"
    file.write_text(key + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    async def handle(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhello")
        if not announced:
            with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as below:
                below.shutdown(socket.SHUT_WR)  # what anybody on the way could do
        writer.close()

    async def play():
        server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
        application = proxying(TRUSTED, port=server.sockets[0].getsockname()[1])
        async with securing(contents([application])) as (_, _, plain):
            reader, writer = await asyncio.open_connection("127.0.0.1", plain)
            writer.write(get("/0").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            await reader.readuntil(b"5\r\nhello\r\n")
            try:
                return await reader.read()
            finally:
                writer.close()
                server.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(play()) == (b"0\r\n\r\n" if announced else b"")
