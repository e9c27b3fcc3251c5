"""No request is dropped while workers end, rules change, pods are replaced and services are new."""

import os
import signal
import ssl
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from edge.demo.tutorial import HELLO_MANIFEST, HOST
from tests.end_to_end.house import running
from tests.end_to_end.load import Load
from tests.support.authority import authority

pytestmark = [pytest.mark.kubectl, pytest.mark.timeout(60)]


def worker_of(house, gateway="gateway-1"):
    """The process id of a gateway's only worker."""
    agent = house.children[gateway].pid
    (worker,) = map(int, Path(f"/proc/{agent}/task/{agent}/children").read_text().split())
    return worker


async def test_a_worker_told_to_end_drops_nothing_and_is_replaced_while_it_still_drains(tmp_path):
    async with running(tmp_path) as house, Load(house.url(), HOST) as load:
        await load.more(100)
        first = worker_of(house)
        port = int(house.url().rpartition(":")[2])
        async with connect(f"ws://{HOST}/ws", host="127.0.0.1", port=port, proxy=None) as tunnel:
            os.kill(first, signal.SIGTERM)
            await load.more(300)  # the drain waits for the tunnel, the clients wait for nobody
            await tunnel.send("still there")
            assert await tunnel.recv() == "still there"
    assert load.failures == []


async def test_a_killed_worker_takes_only_its_own_requests_along(tmp_path):
    async with running(tmp_path) as house, Load(house.url(), HOST, connections=4) as load:
        await load.more(100)
        os.kill(worker_of(house), signal.SIGKILL)
        await load.more(300)
    assert len(load.failures) <= 4
    assert not any("Refused" in failure or "from the gateway" in failure for failure in load.failures)


async def test_twenty_released_edits_fail_no_request(tmp_path):
    async with running(tmp_path) as house, Load(house.url(), HOST) as load:
        rule = (await house.admin.get(f"{house.application}/rules"))["items"][0]
        for number in range(20):
            edit = {"type": "set-response-header", "name": "X-Edit", "value": str(number)}
            body = {"actions": [edit, *rule["actions"]]}
            await house.admin.request("PUT", f"{house.application}/rules/{rule['id']}", body)
            await house.release()
            assert (await house.curl()).headers["x-edit"] == str(number)
            await load.more(20)
    assert load.failures == []


async def test_a_rolling_update_of_five_pods_fails_no_request(tmp_path):
    async with running(tmp_path) as house:
        await house.kubectl.scale("test-hello", 5)
        before = await house.endpoints(5)
        old = {endpoint["pod"] for endpoint in before["endpoints"]}
        async with Load(house.url(), HOST) as load:
            await house.kubectl.run("rollout", "restart", "deployment", "test-hello")
            await house.kubectl.run("rollout", "status", "deployment", "test-hello", "--timeout=30s")
            after = await house.endpoints(5)
            pods = await load.until_pods(5)
        assert old.isdisjoint(pods)
        assert sorted(pods) == sorted(endpoint["pod"] for endpoint in after["endpoints"])
        assert load.failures == []


async def test_a_release_to_a_brand_new_service_never_answers_503(tmp_path):
    async with running(tmp_path) as house, Load(house.url(), HOST) as load:
        fresh = tmp_path / "fresh.yml"
        fresh.write_text(HELLO_MANIFEST.read_text().replace("test-hello", "fresh-hello"))
        await house.kubectl.apply(fresh)
        source = {"cluster": house.cluster["id"], "namespace": "default", "service": "fresh-hello", "port": 80}
        upstream = await house.admin.get(house.upstream)
        await house.admin.request("PUT", house.upstream, {"name": upstream["name"], "kubernetes": source})
        await house.endpoints(1)
        await load.more(20)
        assert not any("fresh" in pod for pod in load.pods)
        await house.release()
        pods = await load.until_pods(1)
        assert all(pod.startswith("fresh-hello-") for pod in pods)
    assert load.failures == []


async def test_a_certificate_replaced_under_load_fails_no_request(tmp_path):
    async with running(tmp_path, tls=True) as house:
        chain, key = authority().issue(HOST)
        made = await house.admin.create("certificates", made_of(HOST, chain, key))
        settings = {"name": HOST, "domains": [HOST], "partitions": [house.partition], "certificates": [made["id"]]}
        await house.admin.request("PUT", house.application, settings)
        await house.release()
        async with (
            Load(house.tls_url(), HOST, tls=trusting(), rate=300) as kept,
            Load(house.tls_url(), HOST, connections=2, tls=trusting(), rate=300, keep=20) as fresh,
        ):
            for _ in range(3):
                shown = await house.certificate_shown(HOST, trusting())
                chain, key = authority().issue(HOST)
                await house.admin.request("PUT", f"certificates/{made['id']}", made_of(HOST, chain, key))
                while await house.certificate_shown(HOST, trusting()) == shown:
                    await kept.more(5)
                await kept.more(100)
                await fresh.more(100)
    assert kept.failures == []
    assert fresh.failures == []


def made_of(name, chain, key):
    return {"name": name, "certificate": chain, "key": key}


def trusting():
    """A client's context that knows the test authority."""
    return ssl.create_default_context(cadata=authority().certificate)
