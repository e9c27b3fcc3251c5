"""The agent with real workers and a small Admin: everything of a gateway server but the Admin's own rules."""

import asyncio
import contextlib
import random

import httpx
import pytest

from edge.gateway.agent.agent import AgentSettings, advertised, serve
from edge.gateway.errors import GatewayError
from edge.gateway.listening import ListenAddress
from edge.model import ApplicationDocument, Proxy, Rule, Server, Upstream
from edge.model import document as documents
from edge.model.health_check import HealthCheck
from edge.tasks import Tasks
from edge.wire.hub import Hub
from tests.gateway.admins import FakeAdmin
from tests.wire.house import document, release, revision

ANY = ListenAddress("127.0.0.1", 0)


def test_a_worker_is_told_what_the_command_was_told(tmp_path):
    settings = AgentSettings(
        admin="http://127.0.0.1:9",
        name="g",
        data_dir=tmp_path,
        drain_timeout=3,
        access_log="-",
        trusted_proxies=("10.0.0.0/8",),
        proxy_protocol_from=("10.9.0.0/16",),
        body_limit=7,
        zone="eu-1a",
        access_log_fields=("status", "trace_id"),
        tracing="http://127.0.0.1:4318",
        tracing_sample=0.5,
    ).worker()
    assert (settings.name, settings.drain_timeout, settings.access_log) == ("g", 3, "-")
    assert settings.trusted_proxies == ("10.0.0.0/8",)
    assert settings.proxy_protocol_from == ("10.9.0.0/16",)
    assert settings.body_limit == 7
    assert settings.zone == "eu-1a"
    assert settings.access_log_fields == ("status", "trace_id")
    assert (settings.tracing, settings.tracing_sample) == ("http://127.0.0.1:4318", 0.5)


class Gateway:
    """A running agent; `ready` holds its ready line's addresses."""

    def __init__(self, settings):
        self.settings = settings
        self._tasks = Tasks()
        self._ready = asyncio.get_running_loop().create_future()
        self._agents = []
        self.running = self._tasks.start(
            serve(settings, random.Random(1), self._announce, self._agents.append), "gateway"
        )

    def _announce(self, line):
        self._ready.set_result(line)

    async def line(self):
        await asyncio.wait([self._ready, self.running], return_when=asyncio.FIRST_COMPLETED)
        if self.running.done():
            await self.running
        return self._ready.result()

    async def up(self):
        words = (await self.line()).split()
        self.url, self.status = words[3], words[5]
        return self

    def stop(self):
        self._agents[0].stop()

    async def ended(self):
        self.stop()
        await self.running


@pytest.fixture
def settings(tmp_path):
    def make(admin, **options):
        chosen = {"workers": 1, "drain_timeout": 2.0} | options
        return AgentSettings(
            admin=admin, name="gateway-1", data_dir=tmp_path / "data", listen=ANY, status_listen=ANY, **chosen
        )

    return make


@contextlib.asynccontextmanager
async def gateway(settings):
    running = Gateway(settings)
    try:
        yield await running.up()
    finally:
        if not running.running.done():
            await running.ended()


def shop(number, text, generation=1):
    """An application that answers every host with `text`."""
    body = document("shop", text=text).replace(b'"name":"shop"', b'"default":true,"name":"shop"', 1)
    return release(number, body, generation=generation)


async def get(url):
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(url)


async def reported(hub, holds):
    """Wait until the gateway's report holds."""
    stirred = asyncio.Event()
    hub.on_report = lambda name, report: stirred.set()
    while not ("gateway-1" in hub.reports and holds(hub.reports["gateway-1"])):
        stirred.clear()
        await stirred.wait()
    return hub.reports["gateway-1"]


def serves(number, generation=1):
    return lambda report: report.manifest == revision(number, generation)


async def test_a_gateway_joins_serves_what_is_published_and_tells_of_itself(settings):
    async with FakeAdmin() as admin, gateway(settings(admin.url, join_token="t", workers=2)) as running:
        assert await running.line() == f"edge gateway ready {running.url} status {running.status}"
        assert admin.knocks[0][1]["edge-gateway-address"] == running.url.removeprefix("http://")
        assert (await get(running.status + "/-/live")).status_code == 200
        assert (await get(running.status + "/-/ready")).status_code == 503
        manifest, documents = shop(1, "one")
        admin.hub.publish_manifest(manifest, documents)
        await reported(admin.hub, serves(1))
        assert (await get(running.status + "/-/ready")).status_code == 200
        assert (await get(running.url)).text == "one"
        snapshot = (await get(running.status + "/-/snapshot")).json()
        assert snapshot["origin"] == "admin"
        assert snapshot["applications"] == [
            {"id": "shop", "name": "shop", "version": 1, "hash": manifest.applications[0].hash}
        ]
        assert 'status_class="2xx"} 1\n' in (await get(running.status + "/-/metrics")).text
        await running.ended()
        with pytest.raises(httpx.ConnectError):
            await get(running.url)


async def test_the_admin_hears_of_what_the_workers_were_asked(settings):
    heard = asyncio.Queue()
    hub = Hub(on_traffic=lambda name, traffic: heard.put_nowait((name, traffic)))
    async with FakeAdmin(hub) as admin, gateway(settings(admin.url, join_token="t")) as running:
        admin.hub.publish_manifest(*shop(1, "one"))
        await reported(admin.hub, serves(1))
        while heard.empty():  # what came before the first look at the counters is not told
            assert (await get(running.url)).status_code == 200
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    name, traffic = await heard.get()
                    break
        (series,) = traffic.series
        assert (name, series.application, series.endpoint) == ("gateway-1", "shop", "")
        assert series.classes[1] == sum(series.latency) > 0


async def test_asked_to_end_it_serves_on_but_is_not_ready_until_its_delay_is_over_or_it_is_asked_again(settings):
    async with FakeAdmin() as admin, gateway(settings(admin.url, shutdown_delay=50.0)) as running:
        admin.hub.publish_manifest(*shop(1, "still here"))
        await reported(admin.hub, serves(1))
        running.stop()
        answer = await get(running.status + "/-/ready")
        assert (answer.status_code, answer.text) == (503, "draining\n")
        for _ in range(2):
            answer = await get(running.url)
            assert (answer.text, answer.headers.get("connection")) == ("still here", None)
        await running.ended()


async def test_without_the_admin_it_serves_its_last_snapshot_and_follows_the_next_admin(settings):
    async with FakeAdmin() as admin, gateway(settings(admin.url, shutdown_delay=0.1)):
        admin.hub.publish_manifest(*shop(7, "before"))
        await reported(admin.hub, serves(7))
    async with gateway(settings(admin.url)) as running:
        assert (await get(running.url)).text == "before"
        assert (await get(running.status + "/-/ready")).status_code == 200
        assert (await get(running.status + "/-/snapshot")).json()["origin"] == "disk"
        admin.hub = Hub()
        admin.hub.publish_manifest(*shop(1, "after", generation=2))
        async with admin:
            await reported(admin.hub, serves(1, 2))
            assert (await get(running.url)).text == "after"
            assert (await get(running.status + "/-/snapshot")).json()["origin"] == "admin"


async def test_a_refused_gateway_ends_with_the_admins_reason(settings):
    async with FakeAdmin() as admin:
        admin.refuse(401, "the join token was used up")
        with pytest.raises(GatewayError, match="the Admin refuses this gateway: the join token was used up"):
            async with gateway(settings(admin.url)):
                pass


async def test_a_gateway_that_serves_goes_on_when_an_admin_no_longer_knows_it(settings):
    async with FakeAdmin() as admin, gateway(settings(admin.url)) as running:
        admin.hub.publish_manifest(*shop(1, "still here"))
        await reported(admin.hub, serves(1))
        admin.refuse(403, "who are you?")
        await admin.hub.disconnect("gateway-1", "restored from a backup")
        await admin.until_knocks(len(admin.knocks) + 2)
        assert (await get(running.url)).text == "still here"
        admin.refusal = None
        await reported(admin.hub, serves(1))


async def test_a_worker_that_dies_is_replaced_and_serves_the_same(settings):
    async with FakeAdmin() as admin, gateway(settings(admin.url)) as running:
        admin.hub.publish_manifest(*shop(1, "one"))
        await reported(admin.hub, serves(1))
        running._agents[0]._workers.lives[0].process.kill()
        await reported(admin.hub, serves(0, 0))
        await reported(admin.hub, serves(1))
        assert (await get(running.url)).text == "one"
        assert "edge_gateway_worker_restarts_total 1\n" in (await get(running.status + "/-/metrics")).text


async def test_probes_may_be_answered_on_a_port_of_their_own(settings):
    async with gateway(settings("http://127.0.0.1:9", probe_listen=ANY)) as running:
        host, port = running._agents[0]._sockets.probes.getsockname()
        assert (await get(f"http://{host}:{port}/-/live")).status_code == 200
        assert (await get(f"http://{host}:{port}/-/metrics")).status_code == 404


async def test_a_taken_port_or_folder_is_said_before_anything_starts(settings):
    async with gateway(settings("http://127.0.0.1:9")):
        with pytest.raises(GatewayError, match="another gateway runs with the data folder"):
            await serve(settings("http://127.0.0.1:9"), random.Random(1), print)


async def test_an_access_log_that_cannot_be_written_is_said_before_anything_starts(settings, tmp_path):
    given = settings("http://127.0.0.1:9", access_log=str(tmp_path))
    with pytest.raises(GatewayError, match=r"cannot be written: Is a directory \(--access-log\)"):
        await serve(given, random.Random(1), print)


def test_what_is_advertised_has_the_port_listened_on_unless_it_names_one():
    listen = ListenAddress("0.0.0.0", 8080)
    assert advertised("", listen) == "0.0.0.0:8080"
    assert advertised("www.example.com", listen) == "www.example.com:8080"
    assert advertised("www.example.com:80", listen) == "www.example.com:80"
    assert advertised("2001:db8::1", listen) == "[2001:db8::1]:8080"
    assert advertised("[2001:db8::1]", listen) == "[2001:db8::1]:8080"
    assert advertised("[2001:db8::1]:80", listen) == "[2001:db8::1]:80"


def test_settings_have_no_secret_in_their_repr(settings):
    assert "token" not in repr(settings("http://127.0.0.1:9", join_token="a-token"))


@contextlib.asynccontextmanager
async def sick_pods():
    """Two pods that answer with their names; `sick` has those whose /health is 500."""
    sick = {}

    def answering(name):
        async def handle(reader, writer):
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    status = 500 if b" /health " in head and name in sick else 200
                    writer.write(b"HTTP/1.1 %d x\r\nContent-Length: 1\r\n\r\n%b" % (status, name.encode()))
                    if b"Connection: close" in head:
                        break
            writer.close()

        return handle

    servers = [await asyncio.start_server(answering(name), "127.0.0.1", 0) for name in "ab"]
    try:
        yield sick, [Server("127.0.0.1", server.sockets[0].getsockname()[1]) for server in servers]
    finally:
        for server in servers:
            server.close()


async def test_endpoints_whose_checks_fail_are_passed_over_also_by_a_worker_that_is_started_later(settings):
    async def answers(running):
        return {(await get(running.url)).text for _ in range(6)}

    async def until(running, wanted):
        while await answers(running) != wanted:
            pass  # asks again

    async with (
        sick_pods() as (sick, servers),
        FakeAdmin() as admin,
        gateway(settings(admin.url, join_token="t")) as running,
    ):
        check = HealthCheck(path="/health", interval=0.1, rise=1, fall=2)
        upstreams = (Upstream("u", "u", tuple(servers), check=check),)
        rules = (Rule("r", actions=(Proxy("u"),)),)
        shop = ApplicationDocument("shop", "shop", default=True, upstreams=upstreams, rules=rules)
        admin.hub.publish_manifest(*release(1, documents.encode(shop)))
        await reported(admin.hub, serves(1))
        assert await answers(running) == {"a", "b"}
        sick["a"] = None
        await until(running, {"b"})
        metrics = (await get(running.status + "/-/metrics")).text
        assert 'edge_unhealthy_endpoints{application="shop",upstream="u"} 1\n' in metrics
        assert (await get(running.status + "/-/snapshot")).json()["unhealthy"][0]["upstream"] == "u"
        running._agents[0]._workers.lives[0].process.kill()
        await reported(admin.hub, serves(0, 0))
        await reported(admin.hub, serves(1))
        assert await answers(running) == {"b"}
        sick.clear()
        await until(running, {"a", "b"})
