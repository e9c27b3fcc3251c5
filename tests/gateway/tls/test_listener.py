"""The listener on real sockets: whose certificate is shown, what ends a handshake, and what outlives a release."""

import asyncio
import socket
import ssl

import pytest

from edge.gateway.tls.listener import UNRECOGNIZED_NAME
from tests.gateway.tls.securing import (
    application,
    ask,
    certified,
    client_context,
    connect,
    contents,
    request,
    securing,
    until,
)

SHOP = application("shop", "www.shop.example", "*.shop.example", certificates=("exact", "wild"))
EXACT, WILD = certified("exact", "www.shop.example"), certified("wild", "*.shop.example")


def common_name(shown):
    return shown["subject"][0][0][1]


async def test_the_certificate_follows_the_server_name_exact_before_wildcard():
    async with securing(contents([SHOP], [WILD, EXACT])) as (_, port, _):
        for host, name in (("www.shop.example", "www.shop.example"), ("a.shop.example", "*.shop.example")):
            status, body, shown = await ask(port, host)
            assert (status, body, common_name(shown)) == (200, "shop", name)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_it_speaks_tls_1_2_and_1_3_and_agrees_on_http_1_1(version):
    async with securing(contents([SHOP], [EXACT])) as (_, port, _):
        reader, writer = await connect(port, "www.shop.example", client_context(versions=(version, version)))
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        assert await request(reader, writer, "www.shop.example") == (200, "shop")
        writer.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
async def test_tls_1_1_is_refused():
    old = client_context(versions=(ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1))
    old.set_ciphers("ALL:@SECLEVEL=0")
    async with securing(contents([SHOP], [EXACT])) as (_, port, _):
        with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):  # RFC 8446 4.2.1
            await connect(port, "www.shop.example", old)


async def test_a_client_that_speaks_other_protocols_only_is_told():
    """RFC 7301 3.2: OpenSSL as Python has it would go on without one, and HTTP/1.1 would answer a client of HTTP/2."""
    async with securing(contents([SHOP], [EXACT])) as (_, port, _):
        grpc = client_context()
        grpc.set_alpn_protocols(["h2"])
        with pytest.raises(ssl.SSLError, match=r"(?i)no.application.protocol"):
            await connect(port, "www.shop.example", grpc)
        both = client_context()
        both.set_alpn_protocols(["h2", "http/1.1"])
        reader, writer = await connect(port, "www.shop.example", both)
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        assert await request(reader, writer, "www.shop.example") == (200, "shop")
        writer.close()


async def test_names_of_nobody_get_the_default_applications_certificate_or_an_alert():
    default = application("rest", default=True, certificates=("any",))
    async with securing(contents([SHOP, default], [EXACT, certified("any", "x.other.example")])) as (worker, port, _):
        assert (await ask(port, "x.other.example"))[:2] == (200, "rest")
        worker.serving.apply(contents([SHOP], [EXACT], number=2))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(hello("x.other.example"))
        assert await reader.read() == bytes((21, 3, 3, 0, 2, 2, UNRECOGNIZED_NAME))
        writer.close()


def hello(name):
    outgoing = ssl.MemoryBIO()
    connection = client_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


async def test_a_host_of_another_application_than_the_server_names_is_answered_421():
    other = application("other", "www.other.example", certificates=("other",))
    certificates = [EXACT, WILD, certified("other", "www.other.example")]
    async with securing(contents([SHOP, other], certificates)) as (_, port, _):
        assert (await ask(port, "www.shop.example", "www.other.example"))[0] == 421
        assert (await ask(port, "www.shop.example", "a.shop.example"))[:2] == (200, "shop")
        assert (await ask(port, "www.shop.example", "nobody.example"))[0] == 404


async def test_a_hello_in_pieces_is_waited_for_without_being_woken_for_nothing():
    async with securing(contents([SHOP], [EXACT])) as (worker, port, _):
        turns = 0
        bytes_of_hello = hello("www.shop.example")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        writer.write(bytes_of_hello[:100])
        await until(lambda: any(one._seen == 100 for one in worker.tls._greetings))
        (greeting,) = worker.tls._greetings
        look = greeting.look

        def counted():
            nonlocal turns
            turns += 1
            look()

        worker.path.loop.add_reader(greeting.sock, counted)
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert turns == 0
        writer.write(bytes_of_hello[100:])
        answer = await reader.readexactly(3)
        assert answer == b"\x16\x03\x03"  # the server's part of the handshake
        assert turns == 1
        writer.close()


async def test_plain_http_is_told_and_silence_is_cut():
    async with securing(contents([SHOP], [EXACT]), header_timeout=0.05) as (worker, port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: www.shop.example\r\n\r\n")
        assert b"this port speaks HTTPS" in await reader.read()
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x16")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        await worker.tls.settled()


@pytest.mark.parametrize(
    "asked", [b"BAD\r\n\r\n", b"POST / HTTP/1.1\r\nHost: www.shop.example\r\nContent-Length: 99\r\n\r\nx"]
)
async def test_a_refused_request_is_answered_and_its_connection_ends_in_good_order(asked):
    def ask():
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as below,
            client_context().wrap_socket(
                below, server_hostname="www.shop.example", suppress_ragged_eofs=False
            ) as connection,
        ):
            connection.sendall(asked)
            return b"".join(iter(lambda: connection.recv(1000), b""))

    async with securing(contents([SHOP], [EXACT]), body_limit=10) as (_, port, _):
        answer = await asyncio.to_thread(ask)  # fails without a close_notify
        assert answer.startswith(b"HTTP/1.1 4")


async def test_a_renewed_certificate_is_shown_to_the_next_connection_and_an_open_one_goes_on():
    async with securing(contents([SHOP], [EXACT])) as (worker, port, _):
        reader, writer = await connect(port, "www.shop.example")
        first = writer.get_extra_info("ssl_object").getpeercert()["serialNumber"]
        worker.serving.apply(contents([SHOP], [certified("exact", "www.shop.example")], number=2))
        assert (await ask(port, "www.shop.example"))[2]["serialNumber"] != first
        assert await request(reader, writer, "www.shop.example") == (200, "shop")
        writer.close()


async def test_contexts_are_kept_while_the_certificate_is_the_same():
    async with securing(contents([SHOP], [EXACT])) as (worker, port, _):
        await ask(port, "www.shop.example")
        before = worker.path.snapshot.certificates["exact"]
        worker.serving.apply(contents([SHOP], [EXACT], number=2))
        assert worker.path.snapshot.certificates["exact"] is before
        assert len(before._contexts) == 1


async def test_a_drain_waits_for_a_handshake_that_has_begun_and_answers_it():
    async with securing(contents([SHOP], [EXACT]), drain_timeout=2.0) as (worker, port, _):
        connection = asyncio.create_task(connect(port, "www.shop.example"))
        await until(lambda: worker.tls._greetings or worker.tls._shaking)
        draining = asyncio.create_task(worker.drain())
        reader, writer = await connection
        assert (await request(reader, writer, "www.shop.example")) == (200, "shop")
        writer.close()
        await draining


async def test_the_scheme_is_https_for_rules_and_endpoints():
    async with securing(contents([SHOP], [EXACT])) as (worker, port, _):
        reader, writer = await connect(port, "www.shop.example")
        await request(reader, writer, "www.shop.example")
        (client,) = worker.path.connections
        assert client.peer.scheme == "https"
        assert b"x-forwarded-proto: https" in client.peer.untrusted_lines
        writer.close()
