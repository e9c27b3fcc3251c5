import asyncio
import shutil
import sqlite3

import pytest

from edge import virtual_time
from edge.admin.admin import Admin
from edge.admin.errors import Unavailable
from edge.admin.releases.compiling import ChildCompiler
from edge.admin.views import RuleBody
from edge.model import Respond
from edge.store.errors import AnotherAdmin, StoreError
from edge.store.sealing import KEY_FILE
from tests.admin.house import EDITOR, PASSWORD, VIEWER, house, in_virtual_time, settings, settle
from tests.kube.support import slice_


async def reopened(h, gateway, name="g1"):
    """The same gateway process, connecting to another Admin."""
    gateway.admin = h.admin
    h.gateways.append(gateway)
    await gateway.connect()


def file_url(folder):
    return f"sqlite:///{folder}/edge.db"


@in_virtual_time
async def test_a_restarted_admin_knows_everything_and_its_gateways_go_on_with_the_same_bytes(tmp_path):
    async with house(tmp_path, file_url(tmp_path)) as h:
        eu = await h.partition()
        shop = await h.application(partitions=[eu])
        await h.rule(shop, await h.service(shop, await h.cluster()))
        await h.release(shop)
        gateway = await h.gateway(eu)
        h.gateways.clear()
        await gateway.disconnect()
        before = gateway.content
    async with house(tmp_path, file_url(tmp_path)) as h:
        await reopened(h, gateway)
        assert gateway.content.manifest.revision > before.manifest.revision
        assert gateway.content.manifest.applications == before.manifest.applications
        assert (await h.admin.releases.get(VIEWER, shop, 1)).sync.complete
        assert len(await h.texts(shop)) == 0


@in_virtual_time
async def test_an_admin_restored_from_an_older_backup_still_reaches_its_gateways(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    async with house(old, file_url(old)) as h:
        eu = await h.partition()
        shop = await h.shop(partitions=[eu])
        gateway = await h.gateway(eu)
        h.gateways.clear()
        await gateway.disconnect()
    shutil.copytree(old, new)
    async with house(new, file_url(new)) as h:
        for number in range(5):
            [rule] = (await h.admin.rules.list(VIEWER, shop)).items
            await h.admin.rules.replace(EDITOR, shop, rule.id, RuleBody(name=f"edit {number}", actions=[Respond()]))
            await h.release(shop)
        await reopened(h, gateway)
        assert gateway.served() == [("shop", 6)]
        h.gateways.clear()
        await gateway.disconnect()
    await settle(60)
    async with house(old, file_url(old)) as h:
        await reopened(h, gateway)
        assert gateway.served() == [("shop", 1)]
        await h.admin.rules.create(EDITOR, shop, RuleBody(name="after the backup", actions=[Respond()]))
        await h.release(shop)
        assert gateway.served() == [("shop", 2)]
        assert (await h.admin.releases.get(VIEWER, shop, 2)).sync.complete


@in_virtual_time
async def test_the_generation_rises_with_every_start_and_follows_the_clock(tmp_path):
    generations = []
    for _ in range(3):
        async with house(tmp_path, file_url(tmp_path)) as h:
            generations.append(h.admin.generation)
    await settle(1000)
    async with house(tmp_path, file_url(tmp_path)) as h:
        generations.append(h.admin.generation)
    epoch = int(virtual_time.EPOCH)
    assert generations == [epoch, epoch + 1, epoch + 2, epoch + 1000]


@in_virtual_time
async def test_last_known_endpoints_survive_a_restart_with_their_revision_and_are_stale(tmp_path):
    async with house(tmp_path, file_url(tmp_path)) as h:
        shop = await h.application()
        id = await h.service(shop, await h.cluster())
        await settle(1)
        known = await h.admin.upstreams.get(VIEWER, shop, id)
        assert [one.address for one in known.endpoints] == ["10.1.0.1"]
        (source,) = h.admin.following.wanted.values()
        published = h.admin.clusters.state(source).revision
        kubernetes = h.kubernetes
    kubernetes.breaks = lambda asked: OSError("no route")
    async with house(tmp_path, file_url(tmp_path), kubernetes) as h:
        stale = await h.admin.upstreams.get(VIEWER, shop, id)
        assert (stale.endpoints, h.admin.clusters.state(source).revision) == (known.endpoints, published)
        assert stale.revision >= known.revision
        assert stale.stale_since is not None
        kubernetes.breaks = lambda asked: None
        kubernetes.put("endpointslices", slice_("test-hello-1", "test-hello", {"10.1.0.2": "ready"}))
        await settle(120)
        fresh = await h.admin.upstreams.get(VIEWER, shop, id)
        assert [one.address for one in fresh.endpoints] == ["10.1.0.2"]
        assert fresh.revision > stale.revision
        assert fresh.stale_since is None


@in_virtual_time
async def test_a_gateway_is_never_given_endpoints_older_than_it_has(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    async with house(old, file_url(old)) as h:
        eu = await h.partition()
        shop = await h.application(partitions=[eu])
        await h.rule(shop, await h.service(shop, await h.cluster()))
        await h.release(shop)
        gateway = await h.gateway(eu)
        h.gateways.clear()
        await settle(1)
        await gateway.disconnect()
        kubernetes = h.kubernetes
    shutil.copytree(old, new)
    async with house(new, file_url(new), kubernetes) as h:
        kubernetes.put("endpointslices", slice_("test-hello-1", "test-hello", {"10.1.0.2": "ready"}))
        await settle(1)
        await reopened(h, gateway)
        h.gateways.clear()
        await gateway.disconnect()
    [newest] = gateway.sources.values()
    assert [one.address for one in newest.endpoints] == ["10.1.0.2"]
    kubernetes.breaks = lambda asked: OSError("no route")
    async with house(old, file_url(old), kubernetes) as h:
        await reopened(h, gateway)
        assert list(gateway.sources.values()) == [newest]


@in_virtual_time
async def test_there_is_one_admin_for_each_database(tmp_path):
    async with house(tmp_path, file_url(tmp_path)):
        with pytest.raises(AnotherAdmin, match="another Admin is active"):
            await Admin.open(settings(tmp_path, file_url(tmp_path)))
    async with house(tmp_path, file_url(tmp_path)):
        pass


@in_virtual_time
async def test_a_key_that_does_not_fit_is_refused_before_anything_is_done(tmp_path):
    async with house(tmp_path, file_url(tmp_path)) as h:
        await h.cluster()
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(StoreError, match="secret key is not the one"):
        await Admin.open(settings(tmp_path, file_url(tmp_path)))


@in_virtual_time
async def test_a_database_that_is_away_is_unavailable_and_the_next_request_works(tmp_path):
    async with house(tmp_path, file_url(tmp_path) + "?timeout=0.1") as h:
        eu = await h.partition()
        assert await h.admin.ready()
        blocker = sqlite3.connect(tmp_path / "edge.db", isolation_level=None)
        h.admin.database._engine.dispose()
        blocker.execute("PRAGMA locking_mode=EXCLUSIVE")
        blocker.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Unavailable, match="database is locked"):
            await h.admin.partitions.get(VIEWER, eu)
        assert not await h.admin.ready()
        blocker.close()
        assert (await h.admin.partitions.get(VIEWER, eu)).name == "eu"
        assert await h.admin.ready()


async def test_in_real_time_units_hashes_and_compilation_leave_the_loop(tmp_path):
    async with house(tmp_path, file_url(tmp_path)) as h:
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop = await h.application(partitions=[eu])
        await h.rule(shop, await h.upstream(shop))
        released, session = await asyncio.gather(h.release(shop), h.admin.login.sign_in("admin", PASSWORD, "1.2.3.4"))
        assert isinstance(h.admin.compiler, ChildCompiler)
        assert (await h.admin.login.session(session)).name == "admin"
        while gateway.served() != [("shop", released.version)]:
            await settle()


@in_virtual_time
async def test_nothing_secret_is_in_a_repr(tmp_path):
    async with house(tmp_path, admin_token="geheim-token") as h:
        await h.cluster()
        shown = repr([h.admin, settings(tmp_path, admin_token="geheim-token"), h.admin.sealer, h.admin.clusters])
        assert PASSWORD not in shown
        assert "geheim" not in shown
