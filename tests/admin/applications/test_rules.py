import pytest

from edge.admin.errors import Conflict, Forbidden, Invalid, NotFound
from edge.admin.views import RuleBody
from edge.model import Condition, Proxy, Respond
from tests.admin.house import EDITOR, VIEWER, house, in_virtual_time


async def order(h, application):
    return [rule.name for rule in (await h.admin.rules.list(VIEWER, application)).items]


@in_virtual_time
async def test_a_rule_is_read_as_it_was_written(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        upstream = await h.upstream(shop)
        body = RuleBody(
            name="api", enabled=False, conditions=[Condition("path", "prefix", ("/api",))], actions=[Proxy(upstream)]
        )
        made = await h.admin.rules.create(EDITOR, shop, body)
        assert (made.name, made.enabled, made.conditions, made.actions, made.order) == (
            "api", False, body.conditions, body.actions, 0,
        )  # fmt: skip
        assert await h.admin.rules.get(VIEWER, shop, made.id) == made


@in_virtual_time
async def test_a_rule_is_added_last_or_at_its_place(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        for name, place in (("a", None), ("b", None), ("c", 0), ("d", 1), ("e", 99)):
            await h.rule(shop, name=name, order=place)
        assert await order(h, shop) == ["c", "d", "a", "b", "e"]


@in_virtual_time
async def test_replacing_keeps_the_place_unless_a_new_one_is_given(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        ids = [await h.rule(shop, name=name) for name in "abc"]
        await h.admin.rules.replace(EDITOR, shop, ids[1], RuleBody(name="B", actions=[Respond()]))
        assert await order(h, shop) == ["a", "B", "c"]
        moved = await h.admin.rules.replace(EDITOR, shop, ids[1], RuleBody(name="B", actions=[Respond()], order=2))
        assert moved.order == 2
        assert await order(h, shop) == ["a", "c", "B"]


@in_virtual_time
async def test_reordering_names_every_rule_once(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        a, b, c = [await h.rule(shop, name=name) for name in "abc"]
        page = await h.admin.rules.reorder(EDITOR, shop, [c, a, b])
        assert [(rule.name, rule.order) for rule in page.items] == [("c", 0), ("a", 1), ("b", 2)]
        for wrong in ([a, b], [a, b, c, a], [a, b, "nowhere"]):
            with pytest.raises(Invalid) as refused:
                await h.admin.rules.reorder(EDITOR, shop, wrong)
            assert refused.value.field.startswith("ids")
        assert await order(h, shop) == ["c", "a", "b"]


@in_virtual_time
async def test_a_wrong_rule_is_refused_with_its_field_and_changes_nothing(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        with pytest.raises(Invalid) as refused:
            await h.admin.rules.create(EDITOR, shop, RuleBody(actions=[Proxy("nowhere")]))
        assert refused.value.field == "actions[0].upstream"
        assert await order(h, shop) == []
        for reading in (h.admin.rules.get(VIEWER, shop, "nowhere"), h.admin.rules.list(VIEWER, "nowhere")):
            with pytest.raises(NotFound):
                await reading


@in_virtual_time
async def test_a_stale_entity_tag_is_a_conflict(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        id = await h.rule(shop)
        tag = h.admin.rules.etag(await h.admin.rules.get(VIEWER, shop, id))
        await h.admin.rules.replace(EDITOR, shop, id, RuleBody(name="x", actions=[Respond()]), tag)
        with pytest.raises(Conflict):
            await h.admin.rules.replace(EDITOR, shop, id, RuleBody(name="y", actions=[Respond()]), tag)


@in_virtual_time
async def test_a_viewer_edits_nothing(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        id = await h.rule(shop)
        body = RuleBody(actions=[Respond()])
        for deed in (
            h.admin.rules.create(VIEWER, shop, body),
            h.admin.rules.replace(VIEWER, shop, id, body),
            h.admin.rules.delete(VIEWER, shop, id),
            h.admin.rules.reorder(VIEWER, shop, [id]),
        ):
            with pytest.raises(Forbidden):
                await deed
