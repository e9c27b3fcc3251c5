"""Endpoints outlive errors and restarts."""

import httpx
import pytest

from edge import clock
from edge.model.endpoint import Endpoint
from edge.model.revision import Revision
from edge.model.source import SourceState
from tests.admin.kubernetes.clustering import OLD, SINCE, WEB, cluster_with_web, clusters, shown
from tests.kube.support import (
    ADDRESS,
    FakeCluster,
    in_virtual_time,
    service,
    settle,
    slice_,
    status,
)

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
