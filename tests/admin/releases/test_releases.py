import asyncio

import httpx
import pytest

from edge.admin.errors import Conflict, Forbidden, Invalid, NotFound
from edge.admin.views import ApplicationBody, ReleaseBody, RuleBody, UpstreamBody
from edge.model import Respond, Server
from edge.store.tables import ApplicationRow
from tests.admin.house import ADMIN, EDITOR, RELEASER, VIEWER, house, in_virtual_time, settle
from tests.kube.support import slice_


async def sync(h, application, version):
    return (await h.admin.releases.get(VIEWER, application, version)).sync


async def edit(h, application, name="changed"):
    [rule, *_] = (await h.admin.rules.list(VIEWER, application)).items
    await h.admin.rules.replace(EDITOR, application, rule.id, RuleBody(name=name, actions=[Respond()]))


@in_virtual_time
async def test_a_release_reaches_every_gateway_and_is_complete_by_their_word(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        gateways = [await h.gateway(eu, name) for name in ("g1", "g2")]
        shop = await h.application(partitions=[eu])
        await h.rule(shop, await h.upstream(shop))
        released = await h.admin.releases.create(RELEASER, shop, ReleaseBody(comment="first"))
        assert (released.version, released.comment, released.user) == (1, "first", "releaser")
        assert len(released.changes) == 4
        await settle()
        found = await sync(h, shop, 1)
        assert (found.complete, found.total, found.applied) == (True, 2, 2)
        assert [(view.name, view.state, view.version) for view in found.servers] == [
            ("g1", "applied", 1),
            ("g2", "applied", 1),
        ]
        assert [gateway.served() for gateway in gateways] == [[("shop", 1)]] * 2
        assert (await h.admin.applications.get(VIEWER, shop)).pending == 0


@in_virtual_time
async def test_an_unreleased_edit_changes_nothing_on_a_gateway(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop = await h.shop(partitions=[eu])
        before = gateway.content
        [upstream] = (await h.admin.upstreams.list(VIEWER, shop)).items
        body = UpstreamBody(name="by hand", servers=[Server("10.9.9.9", 80)])
        await h.admin.upstreams.replace(EDITOR, shop, upstream.id, body)
        await edit(h, shop)
        await settle(5)
        assert gateway.content is before
        await h.release(shop)
        assert gateway.served() == [("shop", 2)]


@in_virtual_time
async def test_nothing_changed_is_a_conflict(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.shop()
        with pytest.raises(Conflict, match="nothing changed"):
            await h.release(shop)


@in_virtual_time
async def test_an_invalid_application_refuses_its_own_release_and_blocks_nobody(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop, other = await h.shop(partitions=[eu]), await h.shop("other", [eu])
        await edit(h, other)

        def break_it(session):
            row = session.query(ApplicationRow).filter_by(id=shop).one()
            [upstream] = [one.encode() for one in targets]
            row.draft = row.draft.replace(b'"upstream":"' + upstream, b'"upstream":"gone' + upstream[4:])

        [rule] = (await h.admin.rules.list(VIEWER, shop)).items
        targets = [action.upstream for action in rule.actions]
        await h.admin.work(break_it)
        with pytest.raises(Invalid, match='page rule "all"') as refused:
            await h.release(shop)
        assert refused.value.field == "rules[0].actions[0].upstream"
        assert "rules[0].actions[0].upstream: the application has no upstream with the id 'gone" in str(refused.value)
        await h.release(other)
        assert dict(gateway.served()) == {"shop": 1, "other": 2}


@in_virtual_time
async def test_rolling_back_is_a_new_release_with_the_old_hash_and_the_old_draft(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop = await h.shop(partitions=[eu])
        first = await h.admin.releases.get(VIEWER, shop, 1)
        await edit(h, shop)
        second = await h.release(shop)
        back = await h.admin.releases.rollback(RELEASER, shop, 1, ReleaseBody(comment="open again"))
        await settle()
        assert (back.version, back.hash, back.rollback_of, back.changes) == (
            3,
            first.hash,
            1,
            ["Roll back to release 1"],
        )
        assert second.hash != first.hash
        assert gateway.served() == [("shop", 3)]
        assert [rule.name for rule in (await h.admin.rules.list(VIEWER, shop)).items] == ["all"]
        assert await h.texts(shop) == []
        assert (await sync(h, shop, 3)).complete


@in_virtual_time
async def test_rolling_back_over_pending_changes_needs_discard(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.shop()
        await edit(h, shop)
        with pytest.raises(Conflict, match="1 pending change would be lost"):
            await h.admin.releases.rollback(RELEASER, shop, 1, ReleaseBody())
        await h.admin.releases.rollback(RELEASER, shop, 1, ReleaseBody(), discard=True)
        assert await h.texts(shop) == []
        with pytest.raises(NotFound, match="no release 9"):
            await h.admin.releases.rollback(RELEASER, shop, 9, ReleaseBody())


@in_virtual_time
async def test_a_release_that_names_a_deleted_cluster_cannot_come_back(tmp_path):
    async with house(tmp_path) as h:
        cluster = await h.cluster()
        shop = await h.application()
        upstream = await h.service(shop, cluster)
        await h.release(shop)
        await h.admin.upstreams.delete(EDITOR, shop, upstream)
        await h.release(shop)
        await h.admin.kubernetes_clusters.delete(ADMIN, cluster)
        with pytest.raises(Conflict, match=f"names the Kubernetes cluster {cluster}, which was deleted"):
            await h.admin.releases.rollback(RELEASER, shop, 1, ReleaseBody())


@in_virtual_time
async def test_an_application_that_leaves_a_partition_is_taken_off_there(tmp_path):
    async with house(tmp_path) as h:
        eu, us = await h.partition("eu"), await h.partition("us")
        here, there = await h.gateway(eu, "g1"), await h.gateway(us, "g2")
        shop = await h.shop(partitions=[eu, us])
        assert (here.served(), there.served()) == ([("shop", 1)], [("shop", 1)])
        body = ApplicationBody(name="shop", domains=["shop.example"], partitions=[us])
        await h.admin.applications.replace(EDITOR, shop, body)
        await h.release(shop)
        assert (here.served(), there.served()) == ([], [("shop", 2)])
        assert (await sync(h, shop, 2)).total == 1


@in_virtual_time
async def test_sync_says_who_is_offline_behind_and_refuses(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        gone, stubborn, good = [await h.gateway(eu, name) for name in ("gone", "stubborn", "good")]
        shop = await h.shop(partitions=[eu])
        await gone.disconnect()
        stubborn.refuses = {shop: "a rule cannot be compiled here"}
        await edit(h, shop)
        await h.release(shop)
        found = await sync(h, shop, 2)
        assert [(view.name, view.state, view.version, view.reason) for view in found.servers] == [
            ("gone", "offline", 1, None),
            ("stubborn", "refused", 1, "a rule cannot be compiled here"),
            ("good", "applied", 2, None),
        ]
        assert (found.complete, found.applied) == (False, 1)
        stubborn.refuses = {}
        await edit(h, shop, "again")
        await h.release(shop)
        assert (await sync(h, shop, 3)).complete
        assert (await sync(h, shop, 2)).complete
        assert good.served() == [("shop", 3)]


@in_virtual_time
async def test_a_release_whose_endpoints_are_not_known_yet_waits_and_opens_no_gap(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop = await h.shop(partitions=[eu])
        h.kubernetes.breaks = lambda asked: httpx.ConnectError("refused")
        cluster = await h.cluster()
        await h.rule(shop, await h.service(shop, cluster), "second")
        await h.release(shop)
        [view] = (await sync(h, shop, 2)).servers
        assert (view.state, view.version, view.behind) == ("waiting", 1, 1)
        assert view.reason == f"waits for {cluster}/default/test-hello:80"
        assert gateway.served() == [("shop", 1)]
        h.kubernetes.breaks = lambda asked: None
        await settle(120)
        assert (await sync(h, shop, 2)).complete
        assert gateway.served() == [("shop", 2)]


@in_virtual_time
async def test_a_release_whose_endpoints_are_not_known_yet_blocks_no_other_application_and_no_new_gateway(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        await h.gateway(eu)
        shop, other = await h.shop(partitions=[eu]), await h.shop("other", [eu])
        h.kubernetes.breaks = lambda asked: httpx.ConnectError("refused")
        cluster = await h.cluster()
        await h.rule(shop, await h.service(shop, cluster), "second")
        await h.release(shop)
        await edit(h, other)
        await h.release(other)
        assert (await sync(h, other, 2)).complete
        [view] = (await sync(h, shop, 2)).servers
        assert (view.state, view.version) == ("waiting", 1)

        await h.gateway(eu, "g2")
        new = {view.name: view for view in (await sync(h, other, 2)).servers}["g2"]
        assert new.state == "applied"
        new = {view.name: view for view in (await sync(h, shop, 2)).servers}["g2"]
        assert (new.state, new.version) == ("waiting", None)
        h.kubernetes.breaks = lambda asked: None
        await settle(120)
        assert (await sync(h, shop, 2)).complete


@in_virtual_time
async def test_endpoint_changes_never_wait_for_a_release(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop = await h.application(partitions=[eu])
        await h.rule(shop, await h.service(shop, await h.cluster()))
        await h.release(shop)
        [state] = gateway.sources.values()
        assert [one.address for one in state.endpoints] == ["10.1.0.1"]
        h.kubernetes.put("endpointslices", slice_("test-hello-1", "test-hello", {"10.1.0.7": "ready"}))
        await settle()
        [state] = gateway.sources.values()
        assert [one.address for one in state.endpoints] == ["10.1.0.7"]
        assert gateway.served() == [("shop", 1)]


@in_virtual_time
async def test_a_source_that_only_a_gateway_still_serves_is_followed(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop = await h.application(partitions=[eu])
        upstream = await h.service(shop, await h.cluster())
        rule = await h.rule(shop, upstream)
        await h.release(shop)
        await h.admin.rules.delete(EDITOR, shop, rule)
        await h.admin.upstreams.delete(EDITOR, shop, upstream)
        gateway.refuses = {shop: "not today"}
        await h.release(shop)
        assert len(h.admin.following.wanted) == 1
        h.kubernetes.put("endpointslices", slice_("test-hello-1", "test-hello", {"10.1.0.8": "ready"}))
        await settle()
        assert [one.address for state in gateway.sources.values() for one in state.endpoints] == ["10.1.0.8"]


@in_virtual_time
async def test_releases_are_listed_newest_first_in_pages(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.shop()
        for number in range(3):
            await edit(h, shop, f"edit {number}")
            await h.release(shop)
        first = await h.admin.releases.list(VIEWER, shop, limit=3)
        second = await h.admin.releases.list(VIEWER, shop, limit=3, after=first.next)
        assert [[view.version for view in page.items] for page in (first, second)] == [[4, 3, 2], [1]]
        assert second.next is None


@in_virtual_time
async def test_a_caller_who_gives_up_does_not_stop_the_push(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop = await h.application(partitions=[eu])
        await h.rule(shop)
        releasing = asyncio.get_running_loop().create_task(h.admin.releases.create(RELEASER, shop, ReleaseBody()))
        await asyncio.sleep(0)
        releasing.cancel()
        await settle()
        assert releasing.cancelled()
        assert gateway.served() == [("shop", 1)]


@in_virtual_time
async def test_an_editor_may_not_release_or_roll_back(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.shop()
        for deed in (
            h.admin.releases.create(EDITOR, shop, ReleaseBody()),
            h.admin.releases.rollback(EDITOR, shop, 1, ReleaseBody()),
        ):
            with pytest.raises(Forbidden):
                await deed
