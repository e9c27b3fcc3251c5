import pytest

from edge.admin.errors import Conflict, Forbidden, Invalid, NotFound
from edge.admin.views import ApplicationBody, PartitionBody
from tests.admin.house import ADMIN, EDITOR, VIEWER, house, in_virtual_time


@in_virtual_time
async def test_partitions_are_listed_in_the_order_in_which_they_were_made(tmp_path):
    async with house(tmp_path) as h:
        for name in ("eu", "us", "asia"):
            await h.partition(name)
        first = await h.admin.partitions.list(VIEWER, limit=2)
        second = await h.admin.partitions.list(VIEWER, limit=2, after=first.next)
        assert [[view.name for view in page.items] for page in (first, second)] == [["eu", "us"], ["asia"]]
        assert second.next is None


@in_virtual_time
async def test_a_name_belongs_to_one_partition_and_may_be_kept(tmp_path):
    async with house(tmp_path) as h:
        eu, us = await h.partition("eu"), await h.partition("us")
        with pytest.raises(Conflict, match='another partition is named "eu"'):
            await h.partition("eu")
        with pytest.raises(Conflict):
            await h.admin.partitions.replace(ADMIN, us, PartitionBody(name="eu"))
        assert (await h.admin.partitions.replace(ADMIN, eu, PartitionBody(name="eu"))).name == "eu"


@in_virtual_time
async def test_a_name_that_nobody_could_see_is_refused(tmp_path):
    async with house(tmp_path) as h:
        with pytest.raises(Invalid) as refused:
            await h.partition("  ")
        assert refused.value.field == "name"


@in_virtual_time
async def test_a_partition_in_use_is_not_deleted_and_says_who_uses_it(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        await h.gateway(eu, connect=False)
        application = await h.application(partitions=[eu])
        with pytest.raises(Conflict, match='used by gateway cluster "cluster of g1", application "shop"'):
            await h.admin.partitions.delete(ADMIN, eu)
        await h.admin.applications.delete(ADMIN, application)
        cluster = (await h.admin.gateway_clusters.list(VIEWER)).items[0].id
        await h.admin.gateway_clusters.delete(ADMIN, cluster)
        await h.admin.partitions.delete(ADMIN, eu)
        with pytest.raises(NotFound):
            await h.admin.partitions.get(VIEWER, eu)


@in_virtual_time
async def test_a_partition_that_only_a_release_names_is_in_use_too(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        application = await h.shop(partitions=[eu])
        body = (await h.admin.applications.get(VIEWER, application)).domains
        await h.admin.applications.replace(EDITOR, application, ApplicationBody(name="shop", domains=body))
        with pytest.raises(Conflict, match='application "shop"'):
            await h.admin.partitions.delete(ADMIN, eu)


@in_virtual_time
async def test_only_an_admin_writes_partitions(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        for deed in (
            h.admin.partitions.create(EDITOR, PartitionBody(name="us")),
            h.admin.partitions.replace(EDITOR, eu, PartitionBody(name="us")),
            h.admin.partitions.delete(EDITOR, eu),
        ):
            with pytest.raises(Forbidden):
                await deed


@in_virtual_time
async def test_a_stale_entity_tag_is_a_conflict(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition("eu")
        tag = h.admin.partitions.etag(await h.admin.partitions.get(VIEWER, eu))
        await h.admin.partitions.replace(ADMIN, eu, PartitionBody(name="us"), tag)
        with pytest.raises(Conflict, match="changed since you read it"):
            await h.admin.partitions.replace(ADMIN, eu, PartitionBody(name="asia"), tag)
        await h.admin.partitions.replace(ADMIN, eu, PartitionBody(name="asia"), "*")
