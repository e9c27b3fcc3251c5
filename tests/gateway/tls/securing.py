"""A worker with a TLS listener, what it serves, and clients that know its authority."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl

from edge.gateway.settings import Settings
from edge.gateway.worker import Worker
from edge.model import (
    ApplicationDocument,
    CertificateDocument,
    CertificateEntry,
    Manifest,
    ManifestEntry,
    Revision,
    Rule,
    certificate,
    document,
)
from edge.model.actions import Respond
from edge.wire.content import Content
from tests.support.authority import authority


def application(id, *domains, certificates=(), clients=None, default=False):
    """One that answers its own id."""
    return ApplicationDocument(
        id=id,
        name=id,
        domains=domains,
        default=default,
        rules=(Rule("r", actions=(Respond(status=200, body=id),)),),
        certificates=certificates,
        client_certificates=clients,
    )


def certified(id, *names, days=10.0):
    """A certificate for these names."""
    chain, key = authority().issue(*names, days=days)
    return CertificateDocument(id, f"certificate {id}", chain, key, names)


def contents(applications, certificates=(), number=1):
    """What a worker is given."""
    documents, entries, named = {}, [], []
    for one in applications:
        body = document.encode(one)
        documents[document.hash_of(body)] = body
        entries.append(ManifestEntry(one.id, one.name, number, document.hash_of(body)))
    for one in certificates:
        body = certificate.encode(one)
        documents[document.hash_of(body)] = body
        named.append(CertificateEntry(one.id, one.name, document.hash_of(body)))
    return Content(Manifest(Revision(1, number), "p", tuple(entries), tuple(named)), documents, {})


@contextlib.asynccontextmanager
async def securing(content, **settings):
    """A worker that serves `content` over TLS and plain, with its ports; drained at the end."""
    plain, tls = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    ports = tls.getsockname()[1], plain.getsockname()[1]
    running = Worker(Settings(**{"drain_timeout": 0.5, **settings}), random.Random(1))
    assert not running.serving.apply(content)
    await running.listen([plain], [tls])
    try:
        yield running, *ports
    finally:
        await running.drain()


def client_context(shown=None, folder=None, versions=None):
    """A client's context that trusts the test authority; `shown` is the (chain, key) it shows."""
    context = ssl.create_default_context(cadata=authority().certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])
    if versions is not None:
        context.minimum_version, context.maximum_version = versions
    if shown is not None:
        file = folder / "client.pem"
        file.write_text(shown[1] + shown[0])
        context.load_cert_chain(file)
    return context


async def connect(port, name, context=None):
    """A connection with this server name."""
    return await asyncio.open_connection("127.0.0.1", port, ssl=context or client_context(), server_hostname=name)


async def until(condition):
    """Let the loop turn until `condition()`."""
    for _ in range(5000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise TimeoutError


async def ask(port, name, host=None, context=None):
    """(status, body, the server's certificate) of one request."""
    reader, writer = await connect(port, name, context)
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert()
        status, body = await request(reader, writer, host or name)
        return status, body, shown
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def request(reader, writer, host):
    """(status, body) of a request on an open connection."""
    writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(x[15:]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:"))
    return int(head[9:12]), (await reader.readexactly(length)).decode()
