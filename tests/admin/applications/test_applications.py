import pytest

from edge.admin.errors import Conflict, Forbidden, Invalid, NotFound
from edge.admin.views import ApplicationBody
from tests.admin.house import EDITOR, RELEASER, VIEWER, house, in_virtual_time


def body(name="shop", **more):
    return ApplicationBody(name=name, **more)


@in_virtual_time
async def test_a_new_application_exists_at_once_and_its_content_is_pending(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        made = await h.admin.applications.create(EDITOR, body(domains=["WWW.Shop.example."], partitions=[eu]))
        assert (made.domains, made.release, made.pending) == (["www.shop.example"], None, 2)
        assert await h.texts(made.id) == ["Add domain www.shop.example", "Add partition eu"]
        assert (await h.admin.applications.list(VIEWER)).items == [made]


@in_virtual_time
async def test_a_domain_belongs_to_one_application_in_each_partition(tmp_path):
    async with house(tmp_path) as h:
        eu, us = await h.partition("eu"), await h.partition("us")
        await h.application("first", ["a.example"], [eu])
        await h.application("elsewhere", ["a.example"], [us])
        with pytest.raises(
            Conflict, match=r'a\.example is already used in partition "eu" by application "first"'
        ) as refused:
            await h.application("second", ["b.example", "a.example"], [eu])
        assert refused.value.field == "domains"
        assert [view.name for view in (await h.admin.applications.list(VIEWER)).items] == ["first", "elsewhere"]


@in_virtual_time
async def test_a_domain_that_is_still_served_is_not_free_although_the_draft_gave_it_up(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        first = await h.shop("first", [eu], domains=["a.example"])
        await h.admin.applications.replace(EDITOR, first, body("first", domains=["b.example"], partitions=[eu]))
        for domain in ("a.example", "b.example"):
            with pytest.raises(Conflict):
                await h.application("second", [domain], [eu])
        await h.release(first)
        await h.application("second", ["a.example"], [eu])


@in_virtual_time
async def test_a_partition_has_one_default_application(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        first = await h.application("first", [], [eu], default=True)
        with pytest.raises(Conflict, match='already has a default application, "first"') as refused:
            await h.application("second", [], [eu], default=True)
        assert refused.value.field == "default"
        await h.admin.applications.replace(EDITOR, first, body("first", partitions=[eu]))
        await h.application("second", [], [eu], default=True)


@in_virtual_time
async def test_wrong_domains_partitions_and_names_are_refused_with_their_field(tmp_path):
    async with house(tmp_path) as h:
        await h.application("taken")
        for wrong, error, field in (
            (body(domains=["a.example", "b c"]), Invalid, "domains[1]"),
            (body(partitions=["nowhere"]), Invalid, "partitions[0]"),
            (body("taken"), Conflict, "name"),
        ):
            with pytest.raises(error) as refused:
                await h.admin.applications.create(EDITOR, wrong)
            assert refused.value.field == field


@in_virtual_time
async def test_editing_back_leaves_no_pending_change(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        shop = await h.shop(partitions=[eu])
        edited = await h.admin.applications.replace(
            EDITOR, shop, body("store", domains=["new.example"], partitions=[eu])
        )
        assert (edited.name, edited.pending) == ("store", 2)
        back = await h.admin.applications.replace(EDITOR, shop, body("shop", domains=["shop.example"], partitions=[eu]))
        assert (back.release, back.pending) == (1, 0)


@in_virtual_time
async def test_deleting_takes_it_off_its_gateways_at_once(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop, other = await h.shop(partitions=[eu]), await h.shop("other", [eu])
        assert gateway.served() == sorted(
            [("shop", 1), ("other", 1)], key=lambda one: shop if one[0] == "shop" else other
        )
        with pytest.raises(Forbidden):
            await h.admin.applications.delete(EDITOR, shop)
        await h.admin.applications.delete(RELEASER, shop)
        await h.partition("a moment later")
        assert gateway.served() == [("other", 1)]
        for reading in (h.admin.applications.get(VIEWER, shop), h.admin.releases.list(VIEWER, shop)):
            with pytest.raises(NotFound):
                await reading
        await h.application("shop", ["shop.example"], [eu])


@in_virtual_time
async def test_a_stale_entity_tag_is_a_conflict_and_changes_nothing(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        tag = h.admin.applications.etag(await h.admin.applications.get(VIEWER, shop))
        await h.admin.applications.replace(EDITOR, shop, body(domains=["new.example"]), tag)
        with pytest.raises(Conflict, match="changed since"):
            await h.admin.applications.replace(EDITOR, shop, body(domains=["other.example"]), tag)
        assert (await h.admin.applications.get(VIEWER, shop)).domains == ["new.example"]


@in_virtual_time
async def test_thousands_of_domains_are_claimed_and_given_back(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        many = [f"host-{number}.example" for number in range(1500)]
        first = await h.application("first", many, [eu])
        with pytest.raises(Conflict, match=r"host-1400\.example"):
            await h.application("second", ["host-1400.example"], [eu])
        await h.admin.applications.replace(EDITOR, first, body("first", domains=many[:3], partitions=[eu]))
        await h.application("second", many[3:], [eu])


@in_virtual_time
async def test_watchers_hear_of_an_application_that_comes_is_edited_or_goes(tmp_path):
    async with house(tmp_path) as h:
        seen = h.admin.events.last
        shop = await h.application(domains=["shop.example"])
        same = ApplicationBody(name="shop", domains=["shop.example"])
        await h.admin.applications.replace(EDITOR, shop, same)
        await h.admin.applications.replace(EDITOR, shop, ApplicationBody(name="shop", domains=["other.example"]))
        await h.admin.applications.delete(RELEASER, shop)
        watch = h.admin.events.watch(seen)
        told = [await anext(watch) for _ in range(h.admin.events.last - seen)]
        await watch.aclose()
        assert [(event.kind, event.id) for event in told] == [("application", shop)] * 3, "the same content is no news"
