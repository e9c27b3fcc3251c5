"""Whole clusters, followed through the HTTP seam in virtual time, and what is published of their sources."""

from edge import clock
from edge.model.revision import NOTHING, Revision
from tests.admin.kubernetes.clustering import API, WEB, cluster_with_web, clusters, shown
from tests.kube.support import (
    ADDRESS,
    in_virtual_time,
    service,
    settle,
    slice_,
)

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
