from tests.admin.console.visitor import text, visiting
from tests.admin.house import in_virtual_time


@in_virtual_time
async def test_an_application_is_made_edited_and_deleted(tmp_path):
    async with visiting(tmp_path) as visitor:
        partition = await visitor.house.partition()
        form = {"name": "shop", "domains": "shop.example\n*.shop.example", "partitions": partition}
        page = await visitor.done("/applications/new", form)
        assert page.url.path.endswith("/upstreams/new")
        path = page.url.path.removesuffix("/upstreams/new")
        page = await visitor.get(path)
        assert "shop.example\n*.shop.example" in page.text
        page = await visitor.done(path, form | {"domains": "shop.test"})
        assert "Saved as a pending change" in text(page)
        page = await visitor.done(f"{path}/delete")
        assert "No application yet" in text(page)


@in_virtual_time
async def test_a_domain_of_another_application_is_refused_at_its_field(tmp_path):
    async with visiting(tmp_path) as visitor:
        partition = await visitor.house.partition()
        await visitor.house.application("shop", ["shop.example"], [partition])
        form = {"name": "other", "domains": "shop.example", "partitions": partition}
        answer = await visitor.post("/applications/new", form)
        assert answer.status_code == 409
        assert 'aria-describedby="e-domains"' in answer.text


@in_virtual_time
async def test_a_page_is_told_when_somebody_else_edits_the_application(tmp_path):
    async with visiting(tmp_path) as visitor:
        shop = await visitor.house.application()
        page = await visitor.get(f"/applications/{shop}/rules")
        assert f"watch=application%3A{shop}" in page.text
        assert "watch=application" in (await visitor.get("/applications")).text
