"""Unhealthy endpoints from a gateway's word to the API."""

import asyncio
from datetime import UTC, datetime

import pytest

from edge import clock
from edge.admin.gateways.findings import MOST, NAMED, Word, Words, read
from edge.model.endpoint import Endpoint
from edge.wire import messages
from tests.admin.house import VIEWER, house, in_virtual_time, settle

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REASON = "it answered 500"


def finding(application="", upstream="", endpoint="10.0.0.1:80", since=5.0, reason=REASON):
    return messages.Finding(application, upstream, endpoint, since, reason)


def told(*findings):
    return messages.Findings(findings)


@in_virtual_time
async def test_what_a_gateway_finds_is_shown_with_the_upstream_as_long_as_it_is_connected(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        gateway, other = await h.gateway(eu), await h.gateway(eu, "g2")
        shop = await h.shop(partitions=[eu])
        [made] = (await h.admin.upstreams.list(VIEWER, shop)).items
        assert (made.gateway_servers, made.unhealthy) == (0, []), "nobody has said anything"
        other.subscription.find(told())
        since = clock.unix()
        await asyncio.sleep(5)
        seen = h.admin.events.last
        gateway.subscription.find(told(finding(shop, made.id, since=since)))
        await settle()
        [view] = (await h.admin.upstreams.list(VIEWER, shop)).items
        assert view == await h.admin.upstreams.get(VIEWER, shop, made.id)
        [found] = view.unhealthy
        assert (view.gateway_servers, found.address, found.port, found.gateway_servers) == (2, "10.0.0.1", 80, 1)
        assert found.since.timestamp() == pytest.approx(since)
        assert [(one.gateway_server, one.by, one.reason) for one in found.found] == [("g1", "check", REASON)]
        watch = h.admin.events.watch(seen)
        assert (await asyncio.wait_for(anext(watch), 1)).kind == "endpoint-health"
        await watch.aclose()
        assert h.admin.upstreams.etag(view) == h.admin.upstreams.etag(made), "it is not for writing"
        await gateway.disconnect()
        gone = await h.admin.upstreams.get(VIEWER, shop, made.id)
        assert (gone.gateway_servers, gone.unhealthy) == (1, [])


@in_virtual_time
async def test_a_server_that_comes_again_has_no_word_until_it_speaks(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop = await h.shop(partitions=[eu])
        [made] = (await h.admin.upstreams.list(VIEWER, shop)).items
        h.admin.findings.told("nobody", told(finding()))
        [server] = (await h.admin.gateway_servers.list(VIEWER)).items
        h.admin.findings.told(server.id, told(finding()))
        assert len((await h.admin.upstreams.get(VIEWER, shop, made.id)).unhealthy) == 1
        await gateway.disconnect()
        h.admin.findings.told(server.id, told(finding()))
        await gateway.connect()
        view = await h.admin.upstreams.get(VIEWER, shop, made.id)
        assert (view.gateway_servers, view.unhealthy) == (0, [])


@in_virtual_time
async def test_nothing_is_said_of_an_upstream_that_is_not_released(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop = await h.shop(partitions=[eu])
        gateway.subscription.find(told(finding()))
        await settle()
        new = await h.upstream(shop, "new")
        view = await h.admin.upstreams.get(VIEWER, shop, new)
        assert (view.gateway_servers, view.unhealthy) == (0, [])


def test_requests_that_fail_speak_against_an_address_in_every_upstream():
    word = read(told(finding(endpoint="[fd00::1]:80", reason="requests to it failed")), {"shop": None}, NOW)
    [found] = Words([("g1", word)]).unhealthy("shop", "any", [Endpoint("fd00::1", 80), Endpoint("fd00::2", 80)])
    assert (found.address, found.found[0].by) == ("fd00::1", "requests")


def test_what_a_server_may_not_say_or_what_makes_no_sense_is_left_out():
    word = read(
        told(
            finding("other", "u1"),
            finding("shop", "u1", endpoint="x" * 301),
            finding("shop", "u" * 301),
            finding("shop", "u1", since=1e300, reason="r" * 999),
            finding("shop", "u2", since=-1e300),
        ),
        {"shop": None},
        NOW,
    )
    assert list(word.checks) == [("shop", "u1"), ("shop", "u2")]
    one, other = (word.of("shop", upstream, "10.0.0.1:80") for upstream in ("u1", "u2"))
    assert (one.since, len(one.reason), other.since.year) == (NOW, 300, 1970)
    many = read(told(*(finding(endpoint=f"10.0.0.1:{port}") for port in range(MOST + 5))), {}, NOW)
    assert len(many.requests) == MOST


def test_all_servers_are_counted_and_some_are_named():
    words = [(f"g{n}", read(told(finding(since=float(n))), {}, NOW)) for n in range(NAMED + 5, 0, -1)]
    [found] = Words([*words, ("well", Word())]).unhealthy("shop", "u1", [Endpoint("10.0.0.1", 80)])
    assert (found.gateway_servers, len(found.found), found.since.timestamp()) == (NAMED + 5, NAMED, 1)
