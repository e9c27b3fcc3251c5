"""What gateways do while the Admin is away, and when it comes back from a crash or a backup."""

import shutil

import pytest

from edge.demo.tutorial import HOST
from tests.end_to_end.house import running
from tests.end_to_end.load import Load

pytestmark = [pytest.mark.kubectl, pytest.mark.timeout(120)]


async def test_killing_the_admin_under_load_fails_no_request_and_the_new_one_reaches_its_gateways(tmp_path):
    async with running(tmp_path) as house, Load(house.url(), HOST) as load:
        await load.more(200)
        await house.killed("admin")
        await load.more(200)
        await house.kubectl.scale("test-hello", 3)
        await load.more(200)
        assert len(await load.until_pods(1)) == 1

        await house.start_admin()
        await house.endpoints(3)
        assert len(await load.until_pods(3)) == 3
        release = await house.synced(1)
        assert release["sync"]["servers"][0]["state"] == "applied"
    assert load.failures == []


async def test_an_admin_restored_from_an_older_backup_still_reaches_its_gateways(tmp_path):
    async with running(tmp_path) as house:
        await house.children["admin"].stop()
        shutil.copytree(tmp_path / "admin", tmp_path / "backup")
        await house.start_admin()
        rule = (await house.admin.get(f"{house.application}/rules"))["items"][0]
        path = f"{house.application}/rules/{rule['id']}"
        await house.admin.request("PUT", path, {"actions": [{"type": "respond", "status": 410}]})
        await house.release()
        assert (await house.curl()).status_code == 410

        await house.children["admin"].stop()
        shutil.rmtree(tmp_path / "admin")
        shutil.copytree(tmp_path / "backup", tmp_path / "admin")
        await house.start_admin()
        await house.synced(1)
        assert (await house.curl()).status_code == 200
        await house.admin.request("PUT", path, {"actions": [{"type": "respond", "status": 418}]})
        await house.release()
        assert (await house.curl()).status_code == 418


async def test_a_gateway_started_while_the_admin_is_down_serves_its_last_snapshot_and_says_so(tmp_path):
    async with running(tmp_path) as house:
        await house.children["admin"].stop()
        await house.children["gateway-1"].stop()
        await house.start_gateway("gateway-1")
        async with Load(house.url(), HOST, connections=1) as load:
            await load.more(20)
        assert load.failures == []
        snapshot = (await house.status("/-/snapshot")).json()
        assert snapshot["origin"] == "disk"
        assert snapshot["applications"][0]["name"] == HOST
        assert (await house.status("/-/ready")).status_code == 200

        await house.start_admin()
        release = await house.synced(1)
        assert release["sync"]["servers"][0]["state"] == "applied"
        assert (await house.status("/-/snapshot")).json()["origin"] == "admin"


async def test_last_known_endpoints_stay_and_are_stale_while_the_api_server_is_away_also_across_a_restart(tmp_path):
    async with running(tmp_path) as house:
        before = await house.endpoints(1)
        assert before["stale_since"] is None
        await house.children["simulator"].stop()
        stale = await house.admin.until(
            "stale endpoints",
            lambda: house.admin.get(house.upstream),
            lambda view: view["stale_since"] is not None,
            within=60,
        )
        assert stale["endpoints"] == before["endpoints"]

        await house.children["admin"].stop()
        await house.start_admin()
        restarted = await house.admin.get(house.upstream)
        assert restarted["endpoints"] == before["endpoints"]
        assert restarted["stale_since"] is not None
        cluster = (await house.admin.get("kubernetes-clusters"))["items"][0]
        assert cluster["status"]["state"] in ("connecting", "unreachable")
