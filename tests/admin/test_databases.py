"""What the services rely on, played on every kind of database."""

import pytest

from edge.admin.errors import Conflict
from edge.admin.views import ApplicationBody, ReleaseBody
from edge.store.database import Database
from tests.admin.house import ADMIN, EDITOR, RELEASER, VIEWER, house, in_virtual_time, settle
from tests.store.databases import postgresql, url

__all__ = ["postgresql", "url"]


@pytest.fixture
def database(url):
    store = Database(url)
    store.upgrade()
    store.dispose()
    return url


@in_virtual_time
async def test_the_whole_life_of_an_application_and_a_restart(tmp_path, database):
    async with house(tmp_path, database) as h:
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop = await h.application(partitions=[eu])
        upstream = await h.service(shop, await h.cluster())
        await h.rule(shop, upstream)
        await h.release(shop)
        assert gateway.served() == [("shop", 1)]
        await h.rule(shop, name="second")
        assert await h.texts(shop) == ['Add page rule "second": respond with 200']
        await h.release(shop)
        await h.admin.releases.rollback(RELEASER, shop, 1, ReleaseBody())
        await settle(1)
        assert gateway.served() == [("shop", 3)]
    async with house(tmp_path, database) as h:
        assert [view.version for view in (await h.admin.releases.list(VIEWER, shop)).items] == [3, 2, 1]
        [endpoint] = (await h.admin.upstreams.get(VIEWER, shop, upstream)).endpoints
        assert endpoint.address == "10.1.0.1"
        await h.admin.applications.delete(RELEASER, shop)
        assert (await h.admin.applications.list(VIEWER)).items == []


@in_virtual_time
async def test_claims_hold_and_are_given_back(tmp_path, database):
    async with house(tmp_path, database) as h:
        eu = await h.partition()
        many = [f"host-{number}.example" for number in range(1200)]
        first = await h.application("first", many, [eu])
        with pytest.raises(Conflict, match=r"host-1100\.example"):
            await h.application("second", ["host-1100.example"], [eu])
        body = ApplicationBody(name="first", domains=many[:1], partitions=[eu])
        await h.admin.applications.replace(EDITOR, first, body)
        await h.application("second", many[1:], [eu])
        with pytest.raises(Conflict, match='application "first", application "second"'):
            await h.admin.partitions.delete(ADMIN, eu)


@in_virtual_time
async def test_lists_are_paged_in_the_order_in_which_things_were_made(tmp_path, database):
    async with house(tmp_path, database) as h:
        for number in range(5):
            await h.partition(f"partition {number}")
        page = await h.admin.partitions.list(VIEWER, limit=3)
        rest = await h.admin.partitions.list(VIEWER, limit=3, after=page.next)
        assert [view.name[-1] for view in [*page.items, *rest.items]] == list("01234")
        lines = (await h.admin.audit.list(ADMIN, limit=2)).items
        assert [line.target for line in lines] == ['partition "partition 4"', 'partition "partition 3"']
