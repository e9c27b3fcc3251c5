import pytest

from edge.admin.errors import Forbidden, Invalid, NotFound
from edge.admin.releases.publishing import PURGES
from edge.admin.views import PurgeBody
from tests.admin.house import ADMIN, EDITOR, RELEASER, VIEWER, house, in_virtual_time, settle


@in_virtual_time
async def test_a_purge_reaches_the_gateways_of_the_application_at_once(tmp_path):
    async with house(tmp_path) as home:
        eu, us = await home.partition("eu"), await home.partition("us")
        near, far = await home.gateway(eu, "g1"), await home.gateway(us, "g2")
        shop = await home.shop(partitions=[eu])
        other = await home.shop("other", partitions=[us])
        purge = await home.admin.purges.create(RELEASER, shop, PurgeBody(url="/a?b"))
        await home.admin.purges.create(RELEASER, shop, PurgeBody(prefix="https://shop.example/img/"))
        await settle()
        told = near.content.manifest.purges
        assert [(entry.application, entry.url, entry.prefix) for entry in told] == [
            (shop, "/a?b", None),
            (shop, None, "https://shop.example/img/"),
        ]
        assert told[0].number == purge.number < told[1].number
        assert far.content.manifest.purges == ()
        lines = (await home.admin.audit.list(ADMIN)).items
        assert any(line.action == "purge" and "/a?b" in line.detail for line in lines)
        await home.admin.applications.delete(RELEASER, shop)
        await home.admin.applications.delete(RELEASER, other)


@in_virtual_time
async def test_only_the_newest_are_told_and_the_number_of_what_is_not(tmp_path):
    async with house(tmp_path) as home:
        eu = await home.partition("eu")
        gateway = await home.gateway(eu)
        shop = await home.shop(partitions=[eu])
        numbers = [
            (await home.admin.purges.create(RELEASER, shop, PurgeBody(prefix="/"))).number for _ in range(PURGES + 2)
        ]
        await settle()
        manifest = gateway.content.manifest
        assert [entry.number for entry in manifest.purges] == numbers[2:]
        assert manifest.forgotten == numbers[1]


@in_virtual_time
async def test_purges_are_listed_newest_first_a_page_at_a_time(tmp_path):
    async with house(tmp_path) as home:
        shop = await home.application()
        for text in ("/a", "/b", "/c"):
            await home.admin.purges.create(RELEASER, shop, PurgeBody(url=text))
        page = await home.admin.purges.list(VIEWER, shop, limit=2)
        assert [purge.url for purge in page.items] == ["/c", "/b"]
        rest = await home.admin.purges.list(VIEWER, shop, limit=2, after=page.next)
        assert ([purge.url for purge in rest.items], rest.next) == (["/a"], None)
        with pytest.raises(NotFound):
            await home.admin.purges.list(VIEWER, "nobody")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "/a", "prefix": "/b"}, "url"),
        ({"url": "www.example.com/a"}, "url"),
        ({"prefix": "/a b"}, "prefix"),
        ({"url": "/a#b"}, "url"),
        ({"prefix": "/caf\u00e9"}, "prefix"),
    ],
)
def test_what_names_no_url_is_refused_at_its_field(body, field, tmp_path):
    @in_virtual_time
    async def scenario():
        async with house(tmp_path) as home:
            shop = await home.application()
            with pytest.raises(Invalid) as refused:
                await home.admin.purges.create(RELEASER, shop, PurgeBody(**body))
            assert refused.value.field == field

    scenario()


@in_virtual_time
async def test_a_purge_needs_releaser_and_an_application(tmp_path):
    async with house(tmp_path) as home:
        shop = await home.application()
        with pytest.raises(Forbidden):
            await home.admin.purges.create(EDITOR, shop, PurgeBody(url="/"))
        with pytest.raises(NotFound):
            await home.admin.purges.create(RELEASER, "nothing", PurgeBody(url="/"))
