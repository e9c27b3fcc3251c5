"""Registered clusters: their state, their changes, checks without storing."""

import asyncio

import httpx
import pytest
import structlog

from edge.admin.kubernetes.clusters import Clusters
from edge.admin.views import ServicePort, ServiceView
from edge.kube.address import ClusterAddress
from tests.admin.kubernetes.clustering import OTHER, WEB, cluster_with_web, clusters, shown
from tests.kube.support import (
    ADDRESS,
    TOKEN,
    in_virtual_time,
    random,
    service,
    settle,
    slice_,
)

# registered clusters


@in_virtual_time
async def test_namespaces_and_services_are_there_once_the_cluster_is_checked():
    api = cluster_with_web()
    api.put(
        "services", service("dns", ports=[{"port": 53, "name": "udp", "protocol": "UDP"}, {"port": 53, "name": "tcp"}])
    )
    async with clusters(api) as it:
        await it.clusters.add("k", ADDRESS)
        await it.clusters.wait_checked("k")
        assert it.clusters.namespaces("k") == ["default"]
        assert it.clusters.services("k", "default") == [
            ServiceView(
                name="dns",
                ports=[
                    ServicePort(name="udp", port=53, protocol="UDP"),
                    ServicePort(name="tcp", port=53, protocol="TCP"),
                ],
            ),
            ServiceView(name="web", ports=[ServicePort(name=None, port=80, protocol="TCP")]),
        ]
        assert it.clusters.services("k", "empty") == []
        assert it.clusters.namespaces("unknown") == []
        assert it.clusters.services("unknown", "default") == []


@in_virtual_time
async def test_the_state_says_since_when_and_changes_are_told():
    api = cluster_with_web()
    async with clusters(api) as it:
        await it.clusters.add("k", ADDRESS)
        assert it.clusters.status("k").state == "connecting"
        connected = await it.clusters.wait_checked("k")
        assert it.changed == [("kubernetes-cluster", "k")] * 2
        await settle(100)
        assert it.clusters.status("k") == connected, "a healthy cluster's state does not flap"
        assert it.changed == [("kubernetes-cluster", "k")] * 2
        api.breaks = lambda asked: httpx.ConnectError("down")
        api.end_watches(httpx.ReadError("reset"))
        await settle(10)
        broken = it.clusters.status("k")
        assert broken.state == "unreachable"
        assert broken.since > connected.since
        await settle(300)
        assert it.clusters.status("k").since == broken.since


@in_virtual_time
async def test_a_changed_token_is_used_at_once_and_endpoints_stay_meanwhile():
    before, after = cluster_with_web(), cluster_with_web()
    async with clusters(before, after) as it:
        it.clusters.follow([WEB])
        await it.clusters.add("k", ADDRESS)
        await it.clusters.wait_checked("k")
        changed = ClusterAddress("kubernetes.test", token="another-token")
        await it.clusters.update("k", changed)
        assert before.closed
        assert it.clusters.status("k").state == "connecting"
        view = it.clusters.state(WEB)
        assert view.stale_since is not None
        assert "its cluster was changed" in view.warnings[0]
        assert [one.address for one in view.endpoints] == ["10.0.0.1"]
        assert (await it.clusters.wait_checked("k")).state == "connected"
        assert after.log[0].request.headers["authorization"] == "Bearer another-token"
        assert it.clusters.state(WEB).stale_since is None
        assert len(it.published) == 1


@in_virtual_time
async def test_an_update_that_changes_nothing_does_nothing():
    async with clusters(cluster_with_web()) as it:
        await it.clusters.add("k", ADDRESS)
        await it.clusters.update("k", ClusterAddress("kubernetes.test", 6443, token=TOKEN))
        assert len(it.addresses) == 1


@in_virtual_time
async def test_who_waits_for_a_check_is_not_left_behind_by_an_update_or_a_removal():
    slow, fast, third = cluster_with_web(), cluster_with_web(), cluster_with_web()
    slow.connects.clear()
    third.connects.clear()
    async with clusters(slow, fast, third) as it:
        await it.clusters.add("k", ADDRESS)
        waiting = asyncio.create_task(it.clusters.wait_checked("k"))
        await settle()
        await it.clusters.update("k", ClusterAddress("kubernetes.test", token="b"))
        assert (await waiting).state == "connected"
        await it.clusters.update("k", ClusterAddress("kubernetes.test", token="c"))
        waiting = asyncio.create_task(it.clusters.wait_checked("k"))
        await settle()
        await it.clusters.remove("k")
        assert (await waiting).message == "this cluster is not registered"


@in_virtual_time
async def test_a_removed_cluster_keeps_the_last_known_endpoints():
    api = cluster_with_web()
    async with clusters(api) as it:
        it.clusters.follow([WEB])
        await it.clusters.add("k", ADDRESS)
        await it.clusters.wait_checked("k")
        await it.clusters.remove("k")
        await it.clusters.remove("k")
        assert api.closed
        view = it.clusters.state(WEB)
        assert [one.address for one in view.endpoints] == ["10.0.0.1"]
        assert "no longer registered" in view.warnings[0]


@in_virtual_time
async def test_one_broken_cluster_does_not_disturb_another():
    broken, well = cluster_with_web(), cluster_with_web("10.9.0.1")
    broken.breaks = lambda asked: httpx.ConnectError("down")
    async with clusters(broken, well) as it:
        it.clusters.follow([WEB, OTHER])
        await it.clusters.add("k", ADDRESS)
        await it.clusters.add("other", ClusterAddress("other.test", token="t"))
        assert (await it.clusters.wait_checked("k")).state == "unreachable"
        assert (await it.clusters.wait_checked("other")).state == "connected"
        assert shown(it.published) == [("7.1", "web", ["10.9.0.1"])]


@in_virtual_time
async def test_a_source_of_a_cluster_that_is_not_registered_says_so():
    async with clusters() as it:
        assert it.clusters.state(WEB).warnings == ("Not read yet: it is not followed.",)
        it.clusters.follow([WEB])
        assert it.clusters.state(WEB).warnings == ("Not read yet: its cluster is not registered.",)


# checking without storing


@in_virtual_time
async def test_a_check_says_what_registering_would_show_and_keeps_nothing():
    api = cluster_with_web()
    api.rights = lambda verb, resource, namespace: resource != "endpointslices"
    async with clusters(api) as it:
        found = await it.clusters.check(ADDRESS)
        assert found.state == "connected"
        assert "list and watch on endpointslices (API group discovery.k8s.io)" in found.warnings[0]
        assert api.closed
        assert it.changed == []
        assert repr(it.clusters) == "<Clusters >"


@pytest.mark.parametrize(
    ("verbs", "said"),
    [
        (
            ("list", "watch"),
            "The token lacks list and watch on services in the whole cluster. Add the verbs to its role.",
        ),
        (("watch",), "The token lacks watch on services in the whole cluster. Add the verbs to its role."),
    ],
)
@in_virtual_time
async def test_a_check_names_the_missing_verb_and_resource(verbs, said):
    api = cluster_with_web()
    api.rights = lambda verb, resource, namespace: not (resource == "services" and verb in verbs)
    async with clusters(api) as it:
        found = await it.clusters.check(ADDRESS)
        assert (found.state, found.message) == ("forbidden", said)


@in_virtual_time
async def test_a_check_of_an_address_that_is_none_is_a_state_too():
    async with clusters(cluster_with_web(), cluster_with_web()) as it:
        assert (await it.clusters.check(ClusterAddress("https://x/y", token="t"))).state == "unreachable"
        found = await it.clusters.check(ClusterAddress("x", token="two words"))
        assert found.state == "unauthorized"
        assert "two words" not in found.message


# listeners


@in_virtual_time
async def test_a_listener_that_fails_disturbs_nothing():
    api = cluster_with_web()

    def fail(*_):
        raise ValueError("a listener's bug")

    published = []
    clusters_ = Clusters(
        publish=published.append,
        changed=fail,
        remember=fail,
        generation=7,
        random=random(),
        transport_factory=lambda _: api,
    )
    with structlog.testing.capture_logs() as logs:
        clusters_.follow([WEB])
        await clusters_.add("k", ADDRESS)
        assert (await clusters_.wait_checked("k")).state == "connected"
        api.put("endpointslices", slice_("web-2", "web", {"10.0.0.2": "ready"}))
        await settle()
    assert shown(published) == [("7.1", "web", ["10.0.0.1"]), ("7.2", "web", ["10.0.0.1", "10.0.0.2"])]
    assert {entry["event"] for entry in logs} == {"a listener to clusters failed"}
    await clusters_.close()
