from tests.admin.console.visitor import text, visiting
from tests.admin.house import in_virtual_time


@in_virtual_time
async def test_a_rule_is_made_in_the_editor_without_scripts(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        upstream = await visitor.house.upstream(application)
        path = f"/applications/{application}/rules/new"
        first = {"name": "api", "enabled": "on", "a-0-type": "proxy", "a-0-upstream": upstream}
        page = await visitor.post(path, first | {"do": "add-condition"})
        assert 'name="c-0-variable"' in page.text
        condition = {"c-0-variable": "path", "c-0-operator": "prefix", "c-0-values": "/api"}
        page = await visitor.post(path, first | condition | {"do": "add-group"})
        assert 'name="c-1-m-0-variable"' in page.text
        group = {"c-1-group": "any", "c-1-m-0-variable": "header", "c-1-m-0-argument": "", "c-1-m-0-operator": "exists"}
        kept = {"c-2-kept": '{"not":{"variable":"scheme","operator":"is-empty"}}'}
        page = await visitor.post(path, first | condition | group | kept | {"do": "save"})
        assert page.status_code == 422
        assert "needs an argument" in page.text
        assert "not (scheme is-empty)" in text(page)
        group["c-1-m-0-argument"] = "x-a"
        page = await visitor.done(path, first | condition | group | kept | {"do": "save"})
        assert "path prefix /api any of (header x-a exists) not (scheme is-empty)" in text(page)
        assert "proxy to by hand" in text(page)


@in_virtual_time
async def test_a_refused_rule_keeps_what_was_typed_and_says_where(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        form = {"name": "x", "a-0-type": "redirect", "a-0-url": "https://x\r\nSet-Cookie: y", "a-0-status": "301"}
        answer = await visitor.post(f"/applications/{application}/rules/new", form)
        assert answer.status_code == 422
        assert "actions[0].url" in answer.text
        assert 'value="301"' in answer.text


@in_virtual_time
async def test_rules_are_moved_switched_off_and_deleted(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        first = await visitor.house.rule(application, name="first")
        second = await visitor.house.rule(application, name="second")
        base = f"/applications/{application}/rules"
        page = await visitor.done(f"{base}/{second}/move", {"to": "up"})
        assert page.text.index(f"rule-{second}") < page.text.index(f"rule-{first}")
        assert "disabled" in text(await visitor.done(f"{base}/{first}/toggle"))
        page = await visitor.done(f"{base}/{second}/delete")
        assert f"rule-{second}" not in page.text
