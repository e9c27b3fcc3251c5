"""PROXY headers before TLS handshakes, on real sockets."""

import asyncio
import contextlib
import json

import pytest

from edge.gateway.http.proxy_protocol import V2_SIGNATURE
from edge.model import ApplicationDocument, Rule
from edge.model.actions import Respond
from tests.gateway.tls.securing import certified, client_context, contents, request, securing, until

LINE = b"PROXY TCP4 203.0.113.9 198.51.100.2 4000 443\r\n"
BINARY = V2_SIGNATURE + b"\x21\x11\x00\x0c" + bytes((203, 0, 113, 9, 198, 51, 100, 2)) + b"\x0f\xa0\x01\xbb"
LOCAL = V2_SIGNATURE + b"\x20\x00\x00\x00"
CONTENT = contents(
    [
        ApplicationDocument(
            id="a",
            name="shop",
            domains=("www.shop.example",),
            rules=(Rule("r", actions=(Respond(status=200, body="${client-address}"),)),),
            certificates=("exact",),
        )
    ],
    [certified("exact", "www.shop.example")],
)
BALANCED = {"proxy_protocol_from": ("127.0.0.0/8",)}


async def end(writer):
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


@pytest.mark.parametrize(("header", "client"), [(LINE, "203.0.113.9"), (BINARY, "203.0.113.9"), (LOCAL, "127.0.0.1")])
async def test_the_handshake_follows_the_header_and_requests_are_from_whom_it_says(header, client):
    async with securing(CONTENT, **BALANCED) as (worker, port, _):
        for cut in (0, 5, 14):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            if cut:
                writer.write(header[:cut])
                await until(lambda cut=cut: any(one._seen == cut for one in worker.tls._greetings))
            writer.write(header[cut:])
            await writer.start_tls(client_context(), server_hostname="www.shop.example")
            assert await request(reader, writer, "www.shop.example") == (200, client)
            await end(writer)


async def test_a_hello_without_a_header_is_cut_and_counted():
    async with securing(CONTENT, **BALANCED) as (worker, port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x16\x03\x01\x02\x00\x01")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        await end(writer)
        assert worker.path.counters.proxy_headers_refused == 1
        assert worker.path.connections == {}


async def test_the_plain_port_takes_headers_too():
    async with securing(CONTENT, **BALANCED) as (worker, _, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(LINE)
        assert await request(reader, writer, "www.shop.example") == (200, "203.0.113.9")
        assert await request(reader, writer, "www.shop.example") == (200, "203.0.113.9")
        await end(writer)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: www.shop.example\r\n\r\n")
        assert await reader.read() == b""
        await end(writer)
        assert worker.path.counters.proxy_headers_refused == 1


async def test_others_are_spoken_to_without_a_header():
    async with securing(CONTENT, proxy_protocol_from=("10.9.0.0/16",)) as (_, tls, plain):
        for port, secured in ((tls, True), (plain, False)):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            if secured:
                await writer.start_tls(client_context(), server_hostname="www.shop.example")
            assert await request(reader, writer, "www.shop.example") == (200, "127.0.0.1")
            await end(writer)


async def test_access_lines_tell_of_the_handshake_and_of_who_connected(tmp_path):
    path = tmp_path / "access.log"
    fields = ("tls_version", "tls_cipher", "tls_server_name", "scheme", "client", "peer")
    async with securing(CONTENT, **BALANCED, access_log=str(path), access_log_fields=fields) as (_, port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(LINE)
        await writer.start_tls(client_context(), server_hostname="www.shop.example")
        assert await request(reader, writer, "www.shop.example") == (200, "203.0.113.9")
        await end(writer)
    found = json.loads(path.read_text())
    assert found.pop("tls_cipher").startswith("TLS_")
    assert found == {
        "tls_version": "TLSv1.3",
        "tls_server_name": "www.shop.example",
        "scheme": "https",
        "client": "203.0.113.9",
        "peer": "203.0.113.9",
    }
