from edge.admin.views import RuleBody
from edge.model import Proxy
from edge.model.actions import Cache
from tests.admin.console.visitor import text, visiting
from tests.admin.house import EDITOR, VIEWER, in_virtual_time


@in_virtual_time
async def test_a_url_and_a_prefix_are_taken_out_and_the_newest_is_listed_first(tmp_path):
    async with visiting(tmp_path) as visitor:
        path = f"/applications/{await visitor.house.application()}/stored-answers"
        assert "No page rule stores answers" in text(await visitor.get(path))
        page = await visitor.done(path, {"what": "url", "text": " https://shop.example/a?b "})
        assert "Its gateways were told" in text(page)
        page = await visitor.done(path, {"what": "prefix", "text": "/img/"})
        said = text(page)
        assert said.index("all that begin with /img/") < said.index("https://shop.example/a?b")


@in_virtual_time
async def test_it_says_that_a_rule_stores_answers(tmp_path):
    async with visiting(tmp_path) as visitor:
        shop = await visitor.house.application()
        upstream = await visitor.house.upstream(shop)
        body = RuleBody(name="images", actions=[Cache(), Proxy(upstream)])
        await visitor.admin.rules.create(EDITOR, shop, body)
        assert "Gateways keep answers in memory" in text(await visitor.get(f"/applications/{shop}/stored-answers"))


@in_virtual_time
async def test_what_is_no_url_is_refused_at_its_field_and_stays_in_the_form(tmp_path):
    async with visiting(tmp_path) as visitor:
        shop = await visitor.house.application()
        answer = await visitor.post(
            f"/applications/{shop}/stored-answers", {"what": "prefix", "text": "shop.example/a"}
        )
        assert answer.status_code == 422
        assert 'aria-describedby="e-text"' in answer.text
        assert 'value="shop.example/a"' in answer.text
        assert '<option value="prefix" selected>' in answer.text
        assert (await visitor.admin.purges.list(VIEWER, shop)).items == []
