import pytest

from edge.admin.errors import Conflict, Forbidden, NotFound
from edge.admin.views import ApplicationBody, RuleBody, UpstreamBody
from edge.model import Proxy, Server
from tests.admin.house import EDITOR, RELEASER, VIEWER, house, in_virtual_time


async def change(h, application, beginning):
    [found] = [one for one in (await h.admin.changes.list(VIEWER, application)).items if one.text.startswith(beginning)]
    return found


@in_virtual_time
async def test_every_thing_that_was_edited_is_one_change_with_its_sentence(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application(partitions=[await h.partition()])
        upstream = await h.service(shop, await h.cluster())
        await h.rule(shop, upstream)
        assert await h.texts(shop) == [
            "Add domain shop.example",
            "Add partition eu",
            'Add upstream "my kubernetes backend": Kubernetes service default/test-hello:80 of test',
            'Add page rule "all": proxy to my kubernetes backend',
        ]
        found = await change(h, shop, "Add page rule")
        assert (found.before, found.after["name"], found.user) == (None, "all", "editor")
        assert await h.admin.changes.get(VIEWER, shop, found.id) == found


@in_virtual_time
async def test_editing_twice_is_one_change_and_editing_back_is_none(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.shop()
        [upstream] = (await h.admin.upstreams.list(VIEWER, shop)).items
        for port in (81, 82):
            body = UpstreamBody(name="by hand", servers=[Server("10.0.0.1", port)])
            await h.admin.upstreams.replace(RELEASER, shop, upstream.id, body)
        [found] = (await h.admin.changes.list(VIEWER, shop)).items
        assert (found.text, found.user) == ('Change upstream "by hand": server 10.0.0.1:82', "releaser")
        assert (found.before["servers"][0]["port"], found.after["servers"][0]["port"]) == (80, 82)
        body = UpstreamBody(name="by hand", servers=[Server("10.0.0.1", 80)])
        await h.admin.upstreams.replace(EDITOR, shop, upstream.id, body)
        assert await h.texts(shop) == []


@in_virtual_time
async def test_discarding_one_change_undoes_just_it(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.shop()
        await h.rule(shop, name="extra")
        await h.admin.applications.replace(EDITOR, shop, ApplicationBody(name="shop", domains=["new.example"]))
        await h.admin.changes.discard(RELEASER, shop, (await change(h, shop, "Add page rule")).id)
        assert [rule.name for rule in (await h.admin.rules.list(VIEWER, shop)).items] == ["all"]
        assert (await h.admin.applications.get(VIEWER, shop)).domains == ["new.example"]
        assert len(await h.texts(shop)) == 1


@in_virtual_time
async def test_a_change_that_another_needs_is_not_discarded_and_the_other_is_named(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        await h.rule(shop, await h.upstream(shop))
        added = await change(h, shop, "Add upstream")
        with pytest.raises(Conflict, match='needs it: Add page rule "all": proxy to by hand'):
            await h.admin.changes.discard(RELEASER, shop, added.id)
        await h.admin.changes.discard(RELEASER, shop, (await change(h, shop, "Add page rule")).id)
        await h.admin.changes.discard(RELEASER, shop, added.id)
        assert await h.texts(shop) == ["Add domain shop.example"]
        with pytest.raises(NotFound):
            await h.admin.changes.discard(RELEASER, shop, added.id)


@in_virtual_time
async def test_a_former_name_that_was_given_to_another_upstream_cannot_come_back(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.shop()
        [upstream] = (await h.admin.upstreams.list(VIEWER, shop)).items
        body = UpstreamBody(name="renamed", servers=upstream.servers)
        await h.admin.upstreams.replace(EDITOR, shop, upstream.id, body)
        await h.upstream(shop, "by hand")
        with pytest.raises(Conflict, match='two upstreams named "by hand"'):
            await h.admin.changes.discard(RELEASER, shop, (await change(h, shop, "Change upstream")).id)


@in_virtual_time
async def test_discarding_all_restores_what_was_released_or_nothing(tmp_path):
    async with house(tmp_path) as h:
        new = await h.application("new", ["new.example"])
        await h.rule(new)
        await h.admin.changes.discard_all(RELEASER, new)
        view = await h.admin.applications.get(VIEWER, new)
        assert (view.name, view.domains, view.pending) == ("new", [], 0)
        assert (await h.admin.rules.list(VIEWER, new)).items == []
        shop = await h.shop()
        [rule] = (await h.admin.rules.list(VIEWER, shop)).items
        await h.admin.rules.replace(
            EDITOR, shop, rule.id, RuleBody(name="changed", actions=[Proxy(await h.upstream(shop, "second"))])
        )
        await h.admin.changes.discard_all(RELEASER, shop)
        assert (await h.admin.rules.list(VIEWER, shop)).items == [rule]
        assert await h.texts(shop) == []


@in_virtual_time
async def test_an_editor_may_not_discard(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        [added] = (await h.admin.changes.list(VIEWER, shop)).items
        for deed in (h.admin.changes.discard_all(EDITOR, shop), h.admin.changes.discard(EDITOR, shop, added.id)):
            with pytest.raises(Forbidden):
                await deed
