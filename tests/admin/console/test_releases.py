import re

from tests.admin.console.visitor import text, visiting
from tests.admin.house import in_virtual_time, settle


@in_virtual_time
async def test_pending_changes_are_listed_released_and_seen_to_arrive(tmp_path):
    async with visiting(tmp_path) as visitor:
        partition = await visitor.house.partition()
        gateway = await visitor.house.gateway(partition)
        application = await visitor.house.application(partitions=[partition])
        await visitor.house.rule(application, await visitor.house.upstream(application))
        base = f"/applications/{application}"
        assert "proxy to by hand" in text(await visitor.get(f"{base}/changes"))
        page = await visitor.done(f"{base}/releases", {"comment": "first"})
        await settle()
        page = text(await visitor.get(page.url.path))
        assert "1 of 1" in page
        assert "synced" in page
        assert gateway.served() == [("shop", 1)]
        assert "Nothing is pending" in text(await visitor.get(f"{base}/changes"))


@in_virtual_time
async def test_a_release_that_cannot_be_made_says_which_rule_and_why(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.shop()
        answer = await visitor.post(f"/applications/{application}/releases")
        assert answer.status_code == 409


@in_virtual_time
async def test_one_change_is_discarded_then_all(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.shop()
        await visitor.house.rule(application, name="one")
        await visitor.house.rule(application, name="two")
        path = f"/applications/{application}/changes"
        changes = re.findall(r'name="id" value="([^"]+)"', (await visitor.get(path)).text)
        assert len(changes) == 2
        page = await visitor.done(f"{path}/discard", {"id": changes[0]})
        assert len(re.findall(r'name="id"', page.text)) == 1
        assert "Nothing is pending" in text(await visitor.done(f"{path}/discard"))


@in_virtual_time
async def test_rolling_back_asks_to_discard_what_is_pending(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.shop()
        await visitor.house.rule(application, name="two")
        await visitor.house.release(application)
        await visitor.house.rule(application, name="three")
        path = f"/applications/{application}/releases/1"
        refused = await visitor.post(f"{path}/rollback", {"comment": "back"})
        assert refused.status_code == 409
        page = await visitor.done(f"{path}/rollback", {"comment": "back", "discard": "on"})
        assert "Version 3" in text(page)
        assert "the content of version 1" in text(page)
        assert "version 2" in text(await visitor.get(f"/applications/{application}/releases"))
