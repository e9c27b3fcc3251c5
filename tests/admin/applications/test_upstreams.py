import asyncio

import msgspec
import pytest

from edge.admin.errors import Conflict, Forbidden, Invalid, NotFound
from edge.admin.views import KubernetesService, UpstreamBody
from edge.model import Server
from edge.model.upstream import Hash, LeastRequest, RoundRobin, Sticky
from tests.admin.house import EDITOR, VIEWER, answering, house, in_virtual_time, settle
from tests.kube.support import slice_


def kubernetes(cluster, **more):
    return KubernetesService(
        **{"cluster": cluster, "namespace": "default", "service": "test-hello", "port": 80, **more}
    )


@in_virtual_time
async def test_a_kubernetes_upstream_shows_the_endpoints_of_its_service(tmp_path):
    async with house(tmp_path, kubernetes=answering("10.1.0.1", "10.1.0.2")) as h:
        shop = await h.application()
        id = await h.service(shop, await h.cluster())
        await settle()
        view = await h.admin.upstreams.get(VIEWER, shop, id)
        assert [(one.address, one.port, one.pod) for one in view.endpoints] == [
            ("10.1.0.1", 8080, "pod-10.1.0.1"),
            ("10.1.0.2", 8080, "pod-10.1.0.2"),
        ]
        assert (view.stale_since, view.warnings, view.servers) == (None, [], None)
        assert view.kubernetes.service == "test-hello"


@in_virtual_time
async def test_a_pod_that_comes_raises_the_revision_and_is_told_to_watchers(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        id = await h.service(shop, await h.cluster())
        await settle()
        before = await h.admin.upstreams.get(VIEWER, shop, id)
        seen = h.admin.events.last
        h.kubernetes.put(
            "endpointslices", slice_("test-hello-1", "test-hello", {"10.1.0.1": "ready", "10.1.0.9": "ready"})
        )
        await settle()
        after = await h.admin.upstreams.get(VIEWER, shop, id)
        assert [one.address for one in after.endpoints] == ["10.1.0.1", "10.1.0.9"]
        assert after.revision > before.revision
        watch = h.admin.events.watch(seen)
        event = await asyncio.wait_for(anext(watch), 1)
        await watch.aclose()
        assert (event.kind, event.id, event.revision) == ("upstream", id, after.revision)


@in_virtual_time
async def test_several_services_are_one_upstream(tmp_path):
    async with house(tmp_path) as h:
        cluster, shop = await h.cluster(), await h.application()
        body = UpstreamBody(
            name="two", kubernetes=[kubernetes(cluster), kubernetes(cluster, service="other", port="http")]
        )
        made = await h.admin.upstreams.create(EDITOR, shop, body)
        assert [(one.service, one.port) for one in made.kubernetes] == [("test-hello", 80), ("other", "http")]


@in_virtual_time
async def test_a_port_number_in_quotes_is_the_number(tmp_path):
    async with house(tmp_path) as h:
        cluster, shop = await h.cluster(), await h.application()
        made = await h.admin.upstreams.create(
            EDITOR, shop, UpstreamBody(name="u", kubernetes=kubernetes(cluster, port="80"))
        )
        assert made.kubernetes.port == 80


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({}, "kubernetes"),
        ({"servers": [Server("a", 80)], "kubernetes": kubernetes("CLUSTER")}, "kubernetes"),
        ({"kubernetes": kubernetes("nowhere")}, "kubernetes.cluster"),
        ({"kubernetes": [kubernetes("CLUSTER"), kubernetes("nowhere")]}, "kubernetes[1].cluster"),
        ({"kubernetes": kubernetes("CLUSTER", namespace="a/b")}, "kubernetes.namespace"),
        ({"kubernetes": kubernetes("CLUSTER", service="A")}, "kubernetes.service"),
        ({"kubernetes": kubernetes("CLUSTER", port="99999")}, "kubernetes.port"),
        ({"kubernetes": kubernetes("CLUSTER", port="a b")}, "kubernetes.port"),
        ({"servers": [Server("a", 80), Server("http://a", 80)]}, "servers[1].host"),
        ({"servers": [Server("a", 0)]}, "servers[0].port"),
        ({"servers": [Server("a", 80, -1)]}, "servers[0].weight"),
    ],
)
@in_virtual_time
async def test_a_wrong_field_is_named(tmp_path, more, field):
    async with house(tmp_path) as h:
        cluster, shop = await h.cluster(), await h.application()
        written = msgspec.json.encode(UpstreamBody(name="u", **more))
        body = msgspec.convert(msgspec.json.decode(written.replace(b"CLUSTER", cluster.encode())), UpstreamBody)
        with pytest.raises(Invalid) as refused:
            await h.admin.upstreams.create(EDITOR, shop, body)
        assert refused.value.field == field
        assert (await h.admin.upstreams.list(VIEWER, shop)).items == []


@in_virtual_time
async def test_a_name_is_free_in_every_other_application(tmp_path):
    async with house(tmp_path) as h:
        first, second = await h.application("first", ["a.example"]), await h.application("second", ["b.example"])
        await h.upstream(first)
        await h.upstream(second)
        with pytest.raises(Conflict, match='already has upstream "by hand"'):
            await h.upstream(first)


@in_virtual_time
async def test_an_upstream_that_a_rule_uses_is_not_deleted(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        upstream = await h.upstream(shop)
        rule = await h.rule(shop, upstream)
        with pytest.raises(Conflict, match='"by hand" is used by page rule "all"'):
            await h.admin.upstreams.delete(EDITOR, shop, upstream)
        await h.admin.rules.delete(EDITOR, shop, rule)
        await h.admin.upstreams.delete(EDITOR, shop, upstream)
        with pytest.raises(NotFound):
            await h.admin.upstreams.get(VIEWER, shop, upstream)


@in_virtual_time
async def test_an_entity_tag_speaks_of_what_can_be_written_and_not_of_endpoints(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        id = await h.service(shop, await h.cluster())
        tag = h.admin.upstreams.etag(await h.admin.upstreams.get(VIEWER, shop, id))
        await settle(5)
        assert h.admin.upstreams.etag(await h.admin.upstreams.get(VIEWER, shop, id)) == tag
        body = UpstreamBody(name="renamed", servers=[Server("10.0.0.1", 80)])
        await h.admin.upstreams.replace(EDITOR, shop, id, body, tag)
        with pytest.raises(Conflict):
            await h.admin.upstreams.replace(EDITOR, shop, id, body, tag)


@in_virtual_time
async def test_how_endpoints_are_chosen_is_kept_and_round_robin_is_what_nothing_said_means(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        body = UpstreamBody(name="x", servers=[Server("a", 80)])
        made = await h.admin.upstreams.create(EDITOR, shop, body)
        assert made.balance == RoundRobin()
        for balance in (Sticky("session", 60), Hash("header", "X-User"), LeastRequest(), RoundRobin()):
            changed = msgspec.structs.replace(body, balance=balance)
            assert (await h.admin.upstreams.replace(EDITOR, shop, made.id, changed)).balance == balance
        assert (await h.admin.upstreams.replace(EDITOR, shop, made.id, body)).balance == RoundRobin()
        shares = {"slow_start": 30, "max_connections": 9, "panic_threshold": 0, "zone_minimum": 1}
        kept = await h.admin.upstreams.replace(EDITOR, shop, made.id, msgspec.structs.replace(body, **shares))
        assert {name: getattr(kept, name) for name in shares} == shares
        wrong = msgspec.structs.replace(body, balance=Hash("cookie"))
        with pytest.raises(Invalid) as refused:
            await h.admin.upstreams.replace(EDITOR, shop, made.id, wrong)
        assert refused.value.field == "balance.name"


@in_virtual_time
async def test_a_viewer_edits_nothing(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        id = await h.upstream(shop)
        body = UpstreamBody(name="x", servers=[Server("a", 80)])
        for deed in (
            h.admin.upstreams.create(VIEWER, shop, body),
            h.admin.upstreams.replace(VIEWER, shop, id, body),
            h.admin.upstreams.delete(VIEWER, shop, id),
        ):
            with pytest.raises(Forbidden):
                await deed
