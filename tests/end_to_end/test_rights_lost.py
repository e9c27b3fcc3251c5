"""What Edge shows and keeps when its token is revoked, loses rights, or never had all of them.

Revoking a token and taking rights away end no open watch; Edge learns of it when its watches end by themselves, after
40 seconds at the latest. Here they are ended through the simulator's control API, so that nobody waits for that.
"""

from contextlib import asynccontextmanager

import httpx
import pytest
import yaml

from edge.demo.tutorial import HOST, TOKEN_MANIFEST
from tests.end_to_end.house import running
from tests.end_to_end.load import Load

pytestmark = [pytest.mark.kubectl, pytest.mark.timeout(120)]


async def control(house, method, path, body=None):
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.request(method, f"{house.control_url}/control/v1/{path}", json=body)
        assert answer.is_success, answer.text


@asynccontextmanager
async def short_watches(house):
    """Every watch ends after a second. (Not once: an API server goes on accepting a revoked token for some seconds.)"""
    await control(house, "POST", "faults", {"match": {"verb": "watch"}, "fault": {"type": "end", "after": 1.0}})
    yield
    await control(house, "DELETE", "faults")


async def cluster_status(house):
    return (await house.admin.get(f"kubernetes-clusters/{house.cluster['id']}"))["status"]


async def cluster_in(house, state, saying=""):
    return await house.admin.until(
        f"state {state} {saying}",
        lambda: cluster_status(house),
        lambda status: status["state"] == state and saying in status["message"],
        within=45,
    )


async def warned_of(house, saying):
    return await house.admin.until(
        f"connected with a warning of {saying}",
        lambda: cluster_status(house),
        lambda status: status["state"] == "connected" and any(saying in text for text in status["warnings"]),
        within=30,
    )


async def stale(house):
    return await house.admin.until(
        "stale endpoints",
        lambda: house.admin.get(house.upstream),
        lambda view: view["stale_since"] is not None,
        within=30,
    )


async def current(house, count):
    return await house.admin.until(
        f"{count} endpoints that are current",
        lambda: house.admin.get(house.upstream),
        lambda view: view["stale_since"] is None and len(view["endpoints"]) == count,
        within=30,
    )


async def change_role(house, change):
    """Apply token.yml with the rules of its ClusterRole as `change` makes them."""
    parts = list(yaml.safe_load_all(TOKEN_MANIFEST.read_text()))
    for part in parts:
        if part["kind"] == "ClusterRole":
            part["rules"] = change(part["rules"])
    file = house.folder / "changed.yml"
    file.write_text(yaml.safe_dump_all(parts))
    await house.kubectl.apply(file)


async def test_a_revoked_token_keeps_the_endpoints_until_a_new_one_is_given(tmp_path):
    async with running(tmp_path) as house, Load(house.url(), HOST) as load:
        before = await house.endpoints(1)
        await control(house, "POST", "tokens/revoke", {"namespace": "default", "serviceaccount": "edge-reader"})
        async with short_watches(house):
            status = await cluster_in(house, "unauthorized")
        assert "token" in status["message"]
        kept = await stale(house)
        assert kept["endpoints"] == before["endpoints"]
        assert "last known endpoints" in kept["warnings"][0]
        await load.more(50)

        token = await house.kubectl.run("create", "token", "edge-reader", "--duration=1h")
        await house.admin.request("PATCH", f"kubernetes-clusters/{house.cluster['id']}", {"token": token})
        await cluster_in(house, "connected")
        await house.kubectl.scale("test-hello", 2)
        await current(house, 2)
        assert len(await load.until_pods(2)) == 2
        assert load.failures == []


async def test_rights_that_are_taken_away_are_named_and_followed_again_when_they_are_back(tmp_path):
    async with running(tmp_path) as house, Load(house.url(), HOST) as load:
        before = await house.endpoints(1)
        await change_role(house, lambda rules: [rule for rule in rules if "endpointslices" not in rule["resources"]])
        async with short_watches(house):
            warned = await warned_of(house, "list and watch on endpointslices")
        assert "older Endpoints are followed" in str(warned["warnings"])
        assert (await current(house, 1))["endpoints"][0]["address"] == before["endpoints"][0]["address"]

        await change_role(house, lambda rules: [])
        async with short_watches(house):
            status = await cluster_in(house, "forbidden", "list and watch on services")
        assert "list and watch on endpointslices" in status["message"]
        kept = await stale(house)
        assert [one["address"] for one in kept["endpoints"]] == [before["endpoints"][0]["address"]]
        await load.more(50)

        await house.kubectl.apply(TOKEN_MANIFEST)
        await cluster_in(house, "connected")
        await house.kubectl.scale("test-hello", 2)
        await current(house, 2)
        assert len(await load.until_pods(2)) == 2
        assert load.failures == []


async def test_a_token_for_four_resources_follows_the_older_endpoints_and_says_what_is_missing(tmp_path):
    async with running(tmp_path, tutorial=False) as house:
        await change_role(house, lambda rules: rules[:1])
        host, port = house.api_server
        token = await house.kubectl.read_token("edge-reader-token")
        body = {"name": "test", "host": host, "port": port, "ssl_verify": False, "token": token}
        house.cluster = await house.admin.create("kubernetes-clusters", body)
        assert house.cluster["status"]["state"] == "connected"
        [warning] = house.cluster["status"]["warnings"]
        assert "list and watch on endpointslices" in warning
        await house.deploy()
        await house.create_application()
        await house.endpoints(1)
        await house.release()
        async with Load(house.url(), HOST) as load:
            await house.kubectl.scale("test-hello", 3)
            await house.endpoints(3)
            assert len(await load.until_pods(3)) == 3
            await house.kubectl.scale("test-hello", 1)
            await house.endpoints(1)
            await load.until_pods(1)
        assert load.failures == []
