"""No request is dropped, at 500 requests a second, while workers end, rules change, pods are replaced, the Admin dies,
certificates are renewed and services are new. The long form: `make never-dropped`."""

import pytest
from websockets.asyncio.client import connect

from edge.demo.tutorial import HELLO_MANIFEST, HOST
from tests.end_to_end import disturbances
from tests.end_to_end.endpoint import endpoints
from tests.end_to_end.house import running
from tests.end_to_end.load import Load
from tests.end_to_end.steady import Steady

pytestmark = [pytest.mark.kubectl, pytest.mark.timeout(60)]

RATE = 500


async def undisturbed(load, began):
    """Nothing failed since then, and the load was as steady as it says."""
    seen = await load.since(began)
    assert seen.failures == []
    assert seen.rate == pytest.approx(RATE, rel=0.1)


def tunnel(url, tls=None):
    """A WebSocket through the gateway at `url`, to a pod that echoes."""
    port, scheme = int(url.rpartition(":")[2]), "ws" if tls is None else "wss"
    return connect(f"{scheme}://{HOST}/ws", host="127.0.0.1", port=port, ssl=tls, proxy=None)


async def echoes(open_tunnel):
    await open_tunnel.send("still there")
    assert await open_tunnel.recv() == "still there"


async def test_edits_a_killed_admin_and_a_replaced_certificate_fail_no_request_and_end_no_websocket(tmp_path):
    """Over HTTPS, so that every new connection needs the certificate. The Admin is killed first: what follows goes
    through the one that was started again."""
    async with running(tmp_path, tls=True) as house:
        certificate = await disturbances.create_certificate(house, HOST)
        tls = disturbances.trusting()
        async with Steady(house.tls_url(), HOST, RATE, tls=tls) as load, tunnel(house.tls_url(), tls) as opened:
            began = load.now
            await disturbances.admin_killed_and_started_again(house, load)
            await undisturbed(load, began)
            began = load.now
            await disturbances.rule_edits(house, 20)
            await undisturbed(load, began)
            began = load.now
            for _ in range(2):
                await disturbances.certificate_replaced(house, load, certificate)
            await undisturbed(load, began)
            await echoes(opened)


async def test_a_rolling_update_of_twenty_pods_fails_no_request(tmp_path):
    async with running(tmp_path) as house:
        await house.kubectl.scale("test-hello", 20)
        await house.endpoints(20)
        async with Steady(house.url(), HOST, RATE) as load:
            began = load.now
            await disturbances.rollout(house, load, 20)
            await undisturbed(load, began)


async def test_a_worker_told_to_end_drops_nothing_and_a_killed_one_only_what_it_held(tmp_path):
    async with running(tmp_path) as house, Steady(house.url(), HOST, RATE) as load:
        began = load.now
        async with tunnel(house.url()) as opened:
            await disturbances.worker_told_to_end(house, load, still_there=lambda: echoes(opened))
        await undisturbed(load, began)
        began = load.now
        gone = await disturbances.worker_killed(house, load)
        seen = await load.since(began)
        disturbances.lost_only_what_was_held(seen, gone)
        assert seen.rate == pytest.approx(RATE, rel=0.1)


async def test_an_endpoint_that_dies_costs_at_most_what_it_had_in_hand(tmp_path):
    """What may be sent again costs nothing at all when it is killed. One that stops without a word is also given
    requests until that can be known, and none afterwards."""
    async with running(tmp_path) as house, endpoints(4, 0.02) as processes:
        await disturbances.proxy_to(house, processes)
        for method in ("GET", "POST"):
            async with Steady(house.url(), HOST, RATE, requests=[(method, "/")]) as load:
                began = load.now
                held = await disturbances.endpoint_killed(load, processes.pop())
                seen = await load.since(began)
                assert len(seen.failures) <= (held if method == "POST" else 0), seen.failures
                assert seen.rate == pytest.approx(RATE, rel=0.1)
        await disturbances.proxy_to(house, processes, retries=disturbances.IMPATIENT)
        async with Steady(house.url(), HOST, RATE, requests=[("POST", "/")]) as load:
            began = load.now
            given = await disturbances.endpoint_stopped(load, processes.pop(), 2)
            assert len((await load.since(began)).failures) <= given
            began = load.now
            await load.more(RATE // 2)
            await undisturbed(load, began)


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
