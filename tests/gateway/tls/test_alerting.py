"""What clients of failed handshakes hear, on the event loop that workers use."""

import asyncio
import socket
import ssl

import pytest
import uvloop

from edge.gateway.tls.alerting import alert_of
from edge.model import ClientCertificates
from tests.gateway.tls.securing import application, certified, client_context, contents, securing
from tests.support.authority import Authority, authority

BANK = application(
    "bank",
    "www.bank.example",
    certificates=("bank",),
    clients=ClientCertificates(authority("clients").certificate),
)
CONTENT = contents([BANK], [certified("bank", "www.bank.example")])
TLS12, TLS13 = ((version, version) for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))


def ask(port, context, session=None):
    """(the first line of the answer, the connection's session, whether that is the one that was given)."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as below,
        context.wrap_socket(below, server_hostname="www.bank.example", session=session) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: www.bank.example\r\n\r\n")
        return connection.recv(1000).partition(b"\r\n")[0], connection.session, connection.session_reused


def asked(*contexts):
    """What `ask` answers one context after another, the last error in place of an answer."""

    async def play():
        async with securing(CONTENT) as (_, port, _):
            answers, session = [], None
            for context in contexts:
                try:
                    answers.append(await asyncio.to_thread(ask, port, context, session))
                    session = answers[-1][1]
                except ssl.SSLError as error:
                    answers.append(error)
            return answers

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(play())


@pytest.mark.parametrize(
    ("versions", "shown", "told"),
    [
        (TLS12, None, "HANDSHAKE_FAILURE"),  # RFC 5246 7.4.6
        (TLS13, None, "CERTIFICATE_REQUIRED"),  # RFC 8446 4.4.2.4
        (TLS12, Authority("clients").client("mallory"), "UNKNOWN_CA"),
        (TLS13, Authority("clients").client("mallory"), "UNKNOWN_CA"),
        (TLS13, authority("clients").client("bob", days=-1), "CERTIFICATE_EXPIRED"),
    ],
)
def test_a_client_is_told_what_is_wrong_with_its_certificate(tmp_path, versions, shown, told):
    (error,) = asked(client_context(shown, tmp_path, versions))
    assert told in error.reason


def test_a_client_without_a_cipher_in_common_is_told(tmp_path):
    context = client_context(versions=TLS12)
    context.set_ciphers("AES128-SHA:@SECLEVEL=0")  # no key exchange that an ECDSA certificate is good for
    (error,) = asked(context)
    assert "HANDSHAKE_FAILURE" in error.reason


@pytest.mark.parametrize("versions", [TLS12, TLS13])
def test_where_clients_show_certificates_no_session_goes_on(tmp_path, versions):
    context = client_context(authority("clients").client("alice"), tmp_path, versions)
    first, second = asked(context, context)
    assert first[0] == second[0] == b"HTTP/1.1 200 OK"
    assert not second[2]


def test_other_errors_have_no_alert():
    assert alert_of(ConnectionResetError()) == b""
