from starlette.requests import Request

from edge.admin.console.paging import everything, offered
from edge.admin.console.visit import Visit
from edge.admin.views import Page
from tests.admin.console.visitor import text, visiting
from tests.admin.house import VIEWER, house, in_virtual_time


@in_virtual_time
async def test_a_list_goes_on_behind_a_link(tmp_path):
    async with visiting(tmp_path) as visitor:
        shop = await visitor.house.application("shop", ["shop.example"])
        await visitor.house.application("other", ["other.example"])
        for name in ("first", "second", "third"):
            await visitor.house.rule(shop, name=name)
        first = await visitor.get("/applications?limit=1")
        assert ("shop" in text(first), "other" in text(first)) == (True, False)
        link = first.text.partition('href="?after=')[2].partition('"')[0]
        rest = await visitor.get(f"/applications?after={link}")
        assert ("other.example" in text(rest), "More applications" in text(rest)) == (True, False)
        rules = await visitor.get(f"/applications/{shop}/rules?limit=1&after=1")
        assert "2. second" in text(rules)
        assert " disabled" not in rules.text.partition('<ol class="rules">')[2], "it can be moved both ways"
        changes = await visitor.get(f"/applications/{shop}/changes?limit=1")
        assert "Release 4 changes" in text(changes), "all of them, whatever is shown"
        assert "More changes" in text(changes)
        refused = await visitor.get("/applications?limit=5000")
        assert refused.status_code == 400


@in_virtual_time
async def test_everything_is_every_page():
    async def fetch(limit, after):
        start = int(after or 0)
        return Page(list(range(start, start + 2)), str(start + 2) if start < 4 else None)

    assert await everything(fetch) == [0, 1, 2, 3, 4, 5]


@in_virtual_time
async def test_what_is_chosen_is_offered_beyond_the_first_page(tmp_path):
    async with house(tmp_path) as h:
        ids = [await h.partition(name) for name in ("one", "two", "three")]
        visit = Visit(Request({"type": "http"}), h.admin, VIEWER)
        found = await offered(visit, h.admin.partitions, [ids[2], ids[0]], limit=1)
        assert [one.name for one in found] == ["one", "three"]
