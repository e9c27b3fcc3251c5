"""Real TLS on loopback: certificates that are trusted, and every way in which they are not."""

import asyncio
import datetime
import ipaddress
import ssl
from contextlib import asynccontextmanager

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge.kube.address import ClusterAddress
from edge.kube.client import Client
from edge.kube.fault import Fault
from edge.kube.resources import SERVICES

BODY = b'{"kind":"ServiceList","metadata":{"resourceVersion":"7"},"items":null}'
NOW = datetime.datetime.now(datetime.UTC)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(subject, issuer, key, signer, *, authority=False, alternatives=(), ends=None):
    """As old kubeadm versions made them: no key identifiers."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=2))
        .not_valid_after(ends or NOW + datetime.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(alternatives)), critical=False)
    return builder.sign(signer, hashes.SHA256())


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


class Authority:
    def __init__(self, title):
        self.title = title
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = certificate(title, title, self.key, self.key, authority=True)
        self.pem = pem(self.certificate)

    def server(self, folder, alternatives, ends=None):
        key = ec.generate_private_key(ec.SECP256R1())
        made = certificate("server", self.title, key, self.key, alternatives=alternatives, ends=ends)
        file = folder / "server.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + pem(made).encode())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context, pem(made)


LOOPBACK = (x509.IPAddress(ipaddress.ip_address("127.0.0.1")),)


@asynccontextmanager
async def serving(context):
    async def answer(reader, writer):
        try:
            await (reader.readuntil(b"\r\n\r\n") if context else reader.read(1))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


async def asked(address):
    client = Client(address)
    try:
        return (await client.page(SERVICES)).metadata.resource_version
    finally:
        await client.close()


async def refused(address):
    with pytest.raises(Fault) as caught:
        await asked(address)
    assert caught.value.reason == "tls"
    return caught.value.message


async def test_the_registered_ca_is_trusted_even_without_key_identifiers(tmp_path):
    authority = Authority("cluster-ca")
    context, _ = authority.server(tmp_path, LOOPBACK)
    async with serving(context) as port:
        assert await asked(ClusterAddress("127.0.0.1", port, ca_certificate=authority.pem, token="t")) == "7"


async def test_the_servers_own_certificate_is_an_anchor_too(tmp_path):
    context, own = Authority("cluster-ca").server(tmp_path, LOOPBACK)
    async with serving(context) as port:
        assert await asked(ClusterAddress("127.0.0.1", port, ca_certificate=own)) == "7"


async def test_without_verification_anything_is_taken(tmp_path):
    context, _ = Authority("unknown").server(tmp_path, (x509.DNSName("elsewhere.test"),))
    async with serving(context) as port:
        assert await asked(ClusterAddress("127.0.0.1", port, ssl_verify=False)) == "7"


async def test_an_unknown_authority_is_refused_and_the_advice_is_to_give_it(tmp_path):
    context, _ = Authority("unknown").server(tmp_path, LOOPBACK)
    async with serving(context) as port:
        said = await refused(ClusterAddress("127.0.0.1", port, token="very-secret"))
    assert "is not trusted" in said
    assert "give the cluster's CA certificate" in said
    assert "very-secret" not in said


async def test_the_wrong_ca_is_refused_and_named_as_wrong(tmp_path):
    context, _ = Authority("cluster-ca").server(tmp_path, LOOPBACK)
    async with serving(context) as port:
        said = await refused(ClusterAddress("127.0.0.1", port, ca_certificate=Authority("other").pem))
    assert "did not sign the server's" in said


async def test_a_certificate_for_another_name_is_refused(tmp_path):
    authority = Authority("cluster-ca")
    context, _ = authority.server(tmp_path, (x509.DNSName("elsewhere.test"),))
    async with serving(context) as port:
        said = await refused(ClusterAddress("127.0.0.1", port, ca_certificate=authority.pem))
    assert "under a name or address that its certificate holds" in said


async def test_an_expired_certificate_is_refused(tmp_path):
    authority = Authority("cluster-ca")
    context, _ = authority.server(tmp_path, LOOPBACK, ends=NOW - datetime.timedelta(days=1))
    async with serving(context) as port:
        said = await refused(ClusterAddress("127.0.0.1", port, ca_certificate=authority.pem))
    assert "expired" in said
    assert "renew" in said


async def test_a_port_that_speaks_plain_http_is_told_from_one_that_is_not_trusted():
    async with serving(None) as port:
        said = await refused(ClusterAddress("127.0.0.1", port))
    assert "does not speak TLS" in said


async def test_a_handshake_that_hangs_is_given_up_and_its_connection_closed():
    hung_up = asyncio.Event()

    async def say_nothing(reader, writer):
        await reader.read()
        hung_up.set()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    try:
        with pytest.raises(Fault, match="did not answer in time") as caught:
            await asked(ClusterAddress("127.0.0.1", server.sockets[0].getsockname()[1], connect_timeout=0.1))
        assert caught.value.reason == "unreachable"
        async with asyncio.timeout(5):
            await hung_up.wait()
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("text", ["nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", " "])
async def test_a_ca_certificate_that_is_not_pem_is_refused(text):
    said = await refused(ClusterAddress("127.0.0.1", 1, ca_certificate=text))
    assert "PEM text is expected" in said


async def test_a_port_where_nobody_listens_is_unreachable():
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(Fault) as caught:
        await asked(ClusterAddress("127.0.0.1", port))
    assert caught.value.reason == "unreachable"
    assert "connection refused" in caught.value.message


async def test_a_name_that_does_not_resolve_is_unreachable():
    with pytest.raises(Fault, match="cannot be resolved; check the name") as caught:
        await asked(ClusterAddress("no-such-host.invalid", connect_timeout=20.0))
    assert caught.value.reason == "unreachable"
