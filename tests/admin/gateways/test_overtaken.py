import shutil

from edge import virtual_time
from edge.admin.gateways.overtaken import BELIEVED, newest
from edge.model.revision import NOTHING, Revision
from edge.wire.messages import Report
from tests.admin.house import VIEWER, house, in_virtual_time, settle
from tests.admin.test_admin import file_url, reopened
from tests.kube.support import slice_


async def lives(h, gateway, shop):
    """Release once more, and let the gateway go with what it has."""
    await h.rule(shop, await h.upstream(shop, f"in generation {h.admin.generation}"))
    await h.release(shop)
    h.gateways.clear()
    await gateway.disconnect()


@in_virtual_time
async def test_an_admin_restored_from_a_backup_within_a_second_of_another_start_reaches_its_gateways(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    async with house(old, file_url(old)) as h:
        eu = await h.partition()
        shop = await h.shop(partitions=[eu])
        await h.rule(shop, await h.service(shop, await h.cluster()))
        await h.release(shop)
        gateway = await h.gateway(eu)
        kubernetes = h.kubernetes
        h.gateways.clear()
        await gateway.disconnect()
    shutil.copytree(old, new)
    for _ in range(3):  # three lives of which the backup knows nothing, all within a second
        async with house(new, file_url(new), kubernetes) as h:
            await reopened(h, gateway)
            await lives(h, gateway, shop)
    after = gateway.content.manifest.revision
    assert gateway.served() == [("shop", 5)]
    async with house(old, file_url(old), kubernetes) as h:
        assert h.admin.generation < after.generation
        await reopened(h, gateway)
        await settle(1)
        assert h.admin.generation > after.generation
        assert gateway.served() == [("shop", 2)]
        assert (await h.admin.releases.get(VIEWER, shop, 2)).sync.complete
        kubernetes.put("endpointslices", slice_("test-hello-1", "test-hello", {"10.1.0.9": "ready"}))
        await settle(1)
        [state] = gateway.sources.values()
        assert [endpoint.address for endpoint in state.endpoints] == ["10.1.0.9"]
        risen = h.admin.generation
    async with house(old, file_url(old), kubernetes) as h:
        assert h.admin.generation > risen


@in_virtual_time
async def test_a_gateway_that_is_not_ahead_changes_nothing(tmp_path):
    async with house(tmp_path, file_url(tmp_path)) as h:
        eu = await h.partition()
        shop = await h.shop(partitions=[eu])
        gateway = await h.gateway(eu)
        await lives(h, gateway, shop)
        await reopened(h, gateway)
        assert h.admin.generation == int(virtual_time.EPOCH)


@in_virtual_time
async def test_a_far_future_is_not_believed(tmp_path):
    async with house(tmp_path, file_url(tmp_path)) as h:
        known = h.admin.generation
        far = Report(target=Revision(known + BELIEVED + 10, 1))
        h.admin.overtaken.judge("g1", far)
        await settle(1)
        assert h.admin.generation == known
        h.admin.overtaken.judge("g1", Report(target=Revision(known + BELIEVED - 10, 1)))
        await settle(1)
        assert h.admin.generation == known + BELIEVED - 9


def test_the_newest_revisions_are_those_told_of_and_those_served():
    report = Report(Revision(2, 1), Revision(1, 9), sources={"a": Revision(1, 1), "b": Revision(3, 1)})
    assert newest(report) == (Revision(2, 1), Revision(3, 1))
    assert newest(Report()) == (NOTHING, NOTHING)
