"""Whole clusters, followed through the HTTP seam in virtual time, and what is published of their sources."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import httpx
import pytest
import structlog

from edge import clock
from edge.admin.clusters import Clusters
from edge.admin.views import ServicePort, ServiceView
from edge.kube.address import ClusterAddress
from edge.model.endpoint import Endpoint
from edge.model.revision import NOTHING, Revision
from edge.model.source import Source, SourceState
from tests.kube.support import (
    ADDRESS,
    TOKEN,
    FakeCluster,
    in_virtual_time,
    random,
    service,
    settle,
    slice_,
    status,
)

WEB = Source("k", "default", "web", 80)
API = Source("k", "default", "api", 80)
OTHER = Source("other", "default", "web", 80)
OLD = SourceState(WEB, Revision(3, 9), (Endpoint("10.0.0.7", 8080),))
SINCE = datetime(2025, 12, 31, 23, tzinfo=UTC)


def cluster_with_web(address="10.0.0.1"):
    cluster = FakeCluster()
    cluster.put("services", service("web"))
    cluster.put("endpointslices", slice_("web-1", "web", {address: "ready"}))
    return cluster


@asynccontextmanager
async def clusters(*apis, generation=7):
    """Clusters whose registered hosts are served by `apis` in order, and everything that they said."""
    it = SimpleNamespace(published=[], changed=[], remembered=[], addresses=[])
    served = list(apis)

    def transport(address):
        it.addresses.append(address)
        return served.pop(0)

    it.clusters = Clusters(
        publish=it.published.append,
        changed=lambda kind, id: it.changed.append((kind, id)),
        remember=lambda state, stale_since: it.remembered.append((state, stale_since)),
        generation=generation,
        random=random(),
        transport_factory=transport,
    )
    try:
        yield it
    finally:
        await it.clusters.close()


def shown(states):
    return [
        (repr(one.revision), one.source.service, [endpoint.address for endpoint in one.endpoints]) for one in states
    ]


# publishing


@in_virtual_time
async def test_a_wanted_source_is_published_when_first_read_and_at_each_change():
    api = cluster_with_web()
    async with clusters(api) as it:
        it.clusters.follow([WEB])
        await it.clusters.add("k", ADDRESS)
        assert (await it.clusters.wait_checked("k")).state == "connected"
        api.put("endpointslices", slice_("web-1", "web", {"10.0.0.1": "ready", "10.0.0.2": "waiting"}))
        await settle()
        api.put("endpointslices", slice_("web-1", "web", {"10.0.0.1": "ready", "10.0.0.2": "ready"}))
        await settle()
        assert shown(it.published) == [
            ("7.1", "web", ["10.0.0.1"]),
            ("7.2", "web", ["10.0.0.1", "10.0.0.2"]),
            ("7.3", "web", ["10.0.0.1", "10.0.0.2"]),
        ]
        view = it.clusters.state(WEB)
        assert (view.endpoints, view.revision, view.stale_since, view.warnings) == (
            it.published[-1].endpoints,
            Revision(7, 3),
            None,
            (),
        )


@in_virtual_time
async def test_an_event_is_published_in_the_same_step_in_which_its_line_arrives():
    api = cluster_with_web()
    async with clusters(api) as it:
        it.clusters.follow([WEB])
        await it.clusters.add("k", ADDRESS)
        await it.clusters.wait_checked("k")
        await settle()
        before = clock.now()
        api.put("endpointslices", slice_("web-2", "web", {"10.0.0.2": "ready"}))
        for _ in range(5):
            await settle(0)
        assert len(it.published) == 2
        assert clock.now() == before, "no timer was waited for"


@in_virtual_time
async def test_an_event_that_changes_no_endpoint_is_not_published():
    api = cluster_with_web()
    async with clusters(api) as it:
        it.clusters.follow([WEB])
        await it.clusters.add("k", ADDRESS)
        await it.clusters.wait_checked("k")
        api.put("services", service("web", type="NodePort"))
        api.put("endpointslices", slice_("web-1", "web", {"10.0.0.1": "ready"}))
        await settle()
        assert len(it.published) == 1


@in_virtual_time
async def test_a_source_followed_before_its_cluster_is_known_is_never_published_as_empty():
    api = cluster_with_web()
    api.connects.clear()
    async with clusters(api) as it:
        it.clusters.follow([WEB])
        await it.clusters.add("k", ADDRESS)
        assert (await it.clusters.wait_checked("k")).state == "unreachable"
        assert it.published == []
        view = it.clusters.state(WEB)
        assert (view.revision, view.stale_since) == (NOTHING, None)
        assert view.warnings[0].startswith("Not read yet: https://kubernetes.test:6443 did not answer in time")
        api.connects.set()
        await settle(35)
        assert shown(it.published) == [("7.1", "web", ["10.0.0.1"])]


@in_virtual_time
async def test_a_service_that_does_not_exist_is_explicitly_empty_with_a_warning():
    async with clusters(cluster_with_web()) as it:
        it.clusters.follow([API])
        await it.clusters.add("k", ADDRESS)
        await it.clusters.wait_checked("k")
        assert shown(it.published) == [("7.1", "api", [])]
        assert it.clusters.state(API).warnings == (
            "Service default/api does not exist; the upstream has no endpoints until it does.",
        )


@in_virtual_time
async def test_scaled_to_zero_is_published_as_empty_at_once():
    api = cluster_with_web()
    async with clusters(api) as it:
        it.clusters.follow([WEB])
        await it.clusters.add("k", ADDRESS)
        await it.clusters.wait_checked("k")
        api.put("endpointslices", {**slice_("web-1", "web", {}), "endpoints": None, "ports": None})
        await settle()
        assert shown(it.published)[-1] == ("7.2", "web", [])
        assert it.clusters.state(WEB).warnings == ()


@in_virtual_time
async def test_a_source_wanted_again_is_published_again_even_when_nothing_changed():
    async with clusters(cluster_with_web()) as it:
        it.clusters.follow([WEB])
        await it.clusters.add("k", ADDRESS)
        await it.clusters.wait_checked("k")
        it.clusters.follow([])
        it.clusters.follow([WEB])
        assert shown(it.published) == [("7.1", "web", ["10.0.0.1"])] * 2
        assert it.clusters.state(WEB).stale_since is None


@in_virtual_time
async def test_a_source_that_is_not_wanted_is_not_published():
    api = cluster_with_web()
    async with clusters(api) as it:
        it.clusters.follow([WEB])
        await it.clusters.add("k", ADDRESS)
        await it.clusters.wait_checked("k")
        it.clusters.follow([])
        api.put("endpointslices", slice_("web-2", "web", {"10.0.0.2": "ready"}))
        await settle()
        assert len(it.published) == 1
        it.clusters.follow([WEB])
        assert shown(it.published)[-1] == ("7.2", "web", ["10.0.0.1", "10.0.0.2"])


@in_virtual_time
async def test_a_source_wanted_again_is_stale_since_it_was_left_until_it_is_read_anew():
    api = cluster_with_web()
    api.rights = lambda verb, resource, namespace: namespace == "default"
    async with clusters(api) as it:
        it.clusters.follow([WEB])
        await it.clusters.add("k", ADDRESS)
        await it.clusters.wait_checked("k")
        left = clock.now()
        it.clusters.follow([])
        await settle(600)
        api.put("endpointslices", slice_("web-1", "web", {"10.0.0.2": "ready"}))
        it.clusters.follow([WEB])
        view = it.clusters.state(WEB)
        assert (view.stale_since, [one.address for one in view.endpoints]) == (left, ["10.0.0.1"])
        assert shown(it.published) == [("7.1", "web", ["10.0.0.1"])] * 2
        await settle(5)
        assert it.clusters.state(WEB).stale_since is None
        assert shown(it.published)[-1] == ("7.2", "web", ["10.0.0.2"])


# last known endpoints


@pytest.mark.parametrize(
    ("broken", "state"),
    [
        (httpx.ConnectError("down"), "unreachable"),
        (httpx.Response(401, json=status(401, "Unauthorized", "Unauthorized")), "unauthorized"),
        (httpx.Response(403, json=status(403, "Forbidden", "no")), "forbidden"),
        (httpx.Response(500), "failing"),
    ],
)
@in_virtual_time
async def test_endpoints_outlive_every_error_and_are_marked_stale_with_since_and_why(broken, state):
    api = cluster_with_web()
    async with clusters(api) as it:
        it.clusters.follow([WEB])
        await it.clusters.add("k", ADDRESS)
        await it.clusters.wait_checked("k")
        await settle(10)
        lost = clock.now()
        api.put("endpointslices", slice_("web-1", "web", {"10.0.0.2": "ready"}))
        await settle()
        api.breaks = lambda asked: broken
        api.end_watches(httpx.ReadError("reset"))
        await settle(60)
        assert it.clusters.status("k").state == state
        view = it.clusters.state(WEB)
        assert [one.address for one in view.endpoints] == ["10.0.0.2"]
        assert abs((view.stale_since - lost).total_seconds()) < 1
        assert "These are the last known endpoints, of 2026-01-01T00:00:1" in view.warnings[0]
        assert it.remembered[-1] == (it.published[-1], view.stale_since)
        assert ("source", WEB.key) in it.changed
        assert len(it.published) == 2
        api.breaks = lambda asked: None
        await settle(65)
        assert it.clusters.status("k").state == "connected"
        assert it.clusters.state(WEB).stale_since is None
        assert len(it.published) == 2, "nothing changed while it was away"
        assert it.remembered[-1] == (it.published[-1], None)


@in_virtual_time
async def test_an_empty_list_after_an_outage_that_a_fresh_read_does_not_confirm_changes_nothing():
    api = cluster_with_web()
    async with clusters(api) as it:
        it.clusters.follow([WEB])
        await it.clusters.add("k", ADDRESS)
        await it.clusters.wait_checked("k")
        lists = []

        def lagging(asked):
            if "watch" in asked.params:
                return None if lists else httpx.Response(410, json=status(410, "Expired", "too old"))
            if asked.path.endswith("endpointslices"):
                lists.append(asked)
                if len(lists) == 1:
                    return httpx.Response(
                        200, json={"kind": "List", "metadata": {"resourceVersion": "999"}, "items": []}
                    )
            return None

        api.breaks = lagging
        await settle(20)
        api.end_watches()
        await settle(10)
        assert len(lists) == 2
        assert shown(it.published) == [("7.1", "web", ["10.0.0.1"])]


# restored from the database


@in_virtual_time
async def test_restored_endpoints_are_published_with_their_stored_revision_once_wanted():
    api = cluster_with_web()
    api.connects.clear()
    async with clusters(api) as it:
        it.clusters.restore([(OLD, SINCE)])
        assert it.published == []
        it.clusters.follow([WEB])
        assert it.published == [OLD]
        await it.clusters.add("k", ADDRESS)
        await it.clusters.wait_checked("k")
        view = it.clusters.state(WEB)
        assert (view.endpoints, view.revision, view.stale_since) == (OLD.endpoints, Revision(3, 9), SINCE)
        assert "did not answer in time" in view.warnings[0]
        api.connects.set()
        await settle(35)
        assert shown(it.published) == [("3.9", "web", ["10.0.0.7"]), ("7.1", "web", ["10.0.0.1"])]
        assert it.clusters.state(WEB).stale_since is None


@in_virtual_time
async def test_the_first_live_read_after_a_restore_is_published_even_when_equal():
    async with clusters(cluster_with_web("10.0.0.7")) as it:
        it.clusters.follow([WEB])
        it.clusters.restore([(OLD, None)])
        assert it.clusters.state(WEB).stale_since == clock.now()
        await it.clusters.add("k", ADDRESS)
        await it.clusters.wait_checked("k")
        expected = Endpoint("10.0.0.7", 8080, "pod-10.0.0.7")
        assert it.published == [OLD, SourceState(WEB, Revision(7, 1), (expected,))]


@in_virtual_time
async def test_an_empty_first_list_does_not_take_restored_endpoints_away_until_it_is_confirmed():
    api = FakeCluster()
    api.put("services", service("web"))
    async with clusters(api) as it:
        it.clusters.restore([(OLD, None)])
        it.clusters.follow([WEB])
        await it.clusters.add("k", ADDRESS)
        await settle(0.3)
        assert it.published == [OLD]
        api.put("endpointslices", slice_("web-1", "web", {"10.0.0.1": "ready"}))
        await it.clusters.wait_checked("k")
        assert shown(it.published)[1:] == [("7.1", "web", ["10.0.0.1"])]


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
