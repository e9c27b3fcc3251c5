import asyncio
import itertools
import random
import ssl

import pytest
from structlog.testing import capture_logs

from edge import virtual_time
from edge.gateway.agent.connection import (
    PATH,
    AdminAddress,
    Dial,
    Introduction,
    Link,
    Refused,
    Unreachable,
    admin_address,
)
from edge.gateway.errors import GatewayError
from edge.tasks import Tasks
from edge.wire.memory import pair
from edge.wire.subscription import Subscription
from tests.gateway.admins import FakeAdmin
from tests.wire.house import Notes, document, release, revision

WHO = Introduction("c" * 43, "gateway-1", "127.0.0.1:8080", "join-token")


# where the Admin is


@pytest.mark.parametrize(
    ("url", "websocket"),
    [
        ("http://127.0.0.1:8001", "ws://127.0.0.1:8001"),
        ("http://localhost:8001/", "ws://localhost:8001"),
        ("http://[::1]:8001", "ws://[::1]:8001"),
        ("https://admin.example.com", "wss://admin.example.com"),
    ],
)
def test_the_websocket_is_on_the_admins_own_address(url, websocket):
    address = admin_address(url)
    assert address.url == websocket + PATH
    assert (address.tls is None) == url.startswith("http:")


@pytest.mark.parametrize("url", ["http://10.0.0.1:8001", "http://admin.example.com", "http://localhost.example.com"])
def test_plain_http_off_loopback_needs_to_be_asked_for(url):
    with pytest.raises(
        GatewayError, match="the credential could be read on the way: use https://, or --insecure-admin"
    ):
        admin_address(url)
    assert admin_address(url, insecure=True).url.startswith("ws://")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8001",
        "ftp://a",
        "http://",
        "http://a:b:c",
        "http://127.0.0.1/console",
        "https://a?x=1",
        "http://[::1",
    ],
)
def test_what_is_not_an_admins_url_is_said(url):
    with pytest.raises(GatewayError, match="--admin"):
        admin_address(url)


def test_a_password_in_the_url_is_not_repeated():
    with pytest.raises(GatewayError) as caught:
        admin_address("https://user:hunter2@admin.example.com")
    assert "hunter2" not in str(caught.value)


def test_a_ca_that_cannot_be_read_or_is_not_needed_is_said(tmp_path):
    (tmp_path / "ca.pem").write_text("not a certificate")
    for file in ("ca.pem", "missing.pem"):
        with pytest.raises(GatewayError, match="holds no CA certificate that can be read"):
            admin_address("https://127.0.0.1:1", tmp_path / file)
    with pytest.raises(GatewayError, match="--admin-ca is for an https:// Admin"):
        admin_address("http://127.0.0.1:1", tmp_path / "ca.pem")


# opening


async def test_the_handshake_says_who_comes_and_shows_the_join_token_until_let_in():
    async with FakeAdmin() as admin:
        dial = Dial(admin_address(admin.url), WHO)
        assert "cccc" not in repr(dial)
        assert "join-token" not in repr(dial)
        for _ in range(2):
            await (await dial()).close()
        (path, first), (_, second) = admin.knocks
        assert path == "/gateway/v1/connect"
        assert first["authorization"] == f"Bearer {'c' * 43}"
        assert first["edge-gateway-name"] == "gateway-1"
        assert first["edge-gateway-address"] == "127.0.0.1:8080"
        assert first["edge-gateway-version"]
        assert first["edge-join-token"] == "join-token"
        assert "edge-join-token" not in second
        assert "sec-websocket-extensions" not in first, "deflate is off"


@pytest.mark.parametrize("status", [401, 403, 409, 422])
async def test_a_refusal_has_the_admins_reason(status):
    async with FakeAdmin() as admin:
        admin.refuse(status, "the join token was used up\x1b[31m")
        with pytest.raises(Refused, match="the join token was used up") as caught:
            await Dial(admin_address(admin.url), WHO)()
        assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        ((503, b'{"error":{"code":"x","message":"the database is away"}}'), "the database is away"),
        ((500, b"<html>"), "it answered with the status 500"),
        ((404, b""), "it answered with the status 404"),
        ((302, b""), "it answered with the status 302"),
    ],
)
async def test_other_answers_are_tried_again_and_redirects_are_not_followed(refusal, reason):
    async with FakeAdmin(refusal=refusal) as admin:
        with pytest.raises(Unreachable, match=reason):
            await Dial(admin_address(admin.url), WHO)()
        assert len(admin.knocks) == 1


async def test_an_admin_that_is_away_or_speaks_something_else_is_unreachable():
    async with FakeAdmin() as admin:
        address = admin_address(admin.url)
    with pytest.raises(Unreachable, match=r"Connect call failed|refused"):
        await Dial(address, WHO)()

    async def nonsense(reader, writer):
        writer.write(b"220 mail.example.com ESMTP\r\n")
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(Unreachable):
        await Dial(admin_address(f"http://127.0.0.1:{port}"), WHO)()
    server.close()


async def test_a_certificate_of_another_name_is_not_cured_by_another_ca(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with FakeAdmin(tls=context) as admin:
        url = admin.url.replace("127.0.0.1", "localhost")
        with pytest.raises(Unreachable, match=r"cannot be verified \(Hostname mismatch.*\)$"):
            await Dial(admin_address(url, certificate), WHO)()


async def test_a_certificate_that_is_not_trusted_names_the_option(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with FakeAdmin(tls=context) as admin:
        with pytest.raises(Unreachable, match="give its CA with --admin-ca"):
            await Dial(admin_address(admin.url), WHO)()
        await (await Dial(admin_address(admin.url, certificate), WHO)()).close()


async def test_the_push_protocol_runs_over_it():
    async with FakeAdmin() as admin:
        admin.hub.publish_manifest(*release(1, document("shop")))
        notes, tasks = Notes(), Tasks()
        applied = asyncio.Event()
        admin.hub.on_report = lambda name, report: report.manifest == revision(1) and applied.set()
        subscription = Subscription(notes)
        tasks.start(subscription.run(await Dial(admin_address(admin.url), WHO)()), "run")
        await applied.wait()
        assert notes.revisions == [revision(1)]
        await admin.hub.disconnect("gateway-1", "done")
        await tasks.close()


# keeping it open


class Script:
    """A dialer that plays outcomes: an exception, or how long the connection lasts. The last one repeats."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.at = []

    async def __call__(self):
        self.at.append(asyncio.get_running_loop().time())
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        self.lasts = outcome
        return pair()[0]

    async def subscribe(self, channel):
        await asyncio.sleep(self.lasts)
        return "the Admin restarts"

    def link(self, refused=lambda reason: True):
        return Link(self, self.subscribe, refused=refused, randomness=random.Random(1))


def test_an_admin_that_restarts_is_joined_again_within_a_moment_and_one_that_is_long_away_within_five_seconds():
    async def main():
        script = Script(60, *[Unreachable("refused")] * 7, 60, Unreachable("refused"))
        link, tasks = script.link(), Tasks()
        tasks.start(link.run(), "link")
        await asyncio.sleep(300)
        await tasks.close()
        assert max(after - before for before, after in itertools.pairwise([60, *script.at[1:9]])) <= 0.4
        gaps = [after - before for before, after in itertools.pairwise(script.at[9:])]
        assert max(gaps) <= 5
        assert min(gaps[50:]) >= 2.5, "not hammered either"

    virtual_time.run(main())


def test_an_admin_that_takes_and_drops_connections_is_not_hammered():
    async def main():
        script = Script(0.001)
        tasks = Tasks()
        tasks.start(script.link().run(), "link")
        await asyncio.sleep(60)
        await tasks.close()
        assert len(script.at) < 30

    virtual_time.run(main())


def test_a_refusal_ends_it_only_if_it_is_for_good():
    async def main():
        for_good = Script(Refused("no"))
        link = for_good.link()
        await link.run()
        assert (len(for_good.at), link.tried.is_set()) == (1, True)

        reasons = []
        for_now = Script(Refused("who are you?"), Refused("who are you?"), 60)
        link, tasks = for_now.link(refused=lambda reason: reasons.append(reason) or False), Tasks()
        tasks.start(link.run(), "link")
        await asyncio.sleep(10)
        assert link.connected
        assert reasons == ["who are you?"] * 2
        await tasks.close()

    virtual_time.run(main())


def test_the_log_says_each_reason_once():
    async def main():
        script, tasks = Script(Unreachable("a"), Unreachable("a"), Unreachable("b"), 1, Unreachable("b")), Tasks()
        tasks.start(script.link().run(), "link")
        await asyncio.sleep(30)
        await tasks.close()

    with capture_logs() as logs:
        virtual_time.run(main())
    assert [entry.get("reason") for entry in logs] == ["a", "b", None, "the Admin restarts", "b"]


def test_an_address_has_no_secret_in_its_repr():
    assert "ccc" not in repr(AdminAddress("ws://a")) + repr(WHO)
