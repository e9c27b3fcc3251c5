from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest

from edge.kube.address import ClusterAddress
from edge.kube.follower import Follower
from edge.model.source import Source
from tests.kube.support import (
    ADDRESS,
    TOKEN,
    FakeCluster,
    client,
    endpoints,
    in_virtual_time,
    now,
    random,
    service,
    settle,
    slice_,
    status,
)

WEB = Source("k", "default", "web", 80)
API = Source("k", "default", "api", 80)
PODS = {"10.0.0.1": "ready", "10.0.0.2": "ready"}
ONE = {"10.0.0.1": "ready"}
SHOP = Source("k", "shop", "web", 80)


def cluster_with_web():
    cluster = FakeCluster()
    cluster.put("services", service("web"))
    cluster.put("endpointslices", slice_("web-1", "web", {"10.0.0.1": "ready"}))
    cluster.put("endpoints", endpoints("web", ["10.0.0.1"]))
    return cluster


@asynccontextmanager
async def following(cluster, *wanted, address=ADDRESS):
    told = []
    follower = Follower(
        client(cluster, address),
        random=random(),
        on_reading=lambda source, reading: told.append((source, [one.address for one in reading.endpoints])),
        on_change=lambda: None,
    )
    follower.want(wanted)
    follower.start()
    await follower.checked.wait()
    try:
        yield SimpleNamespace(follower=follower, told=told)
    finally:
        await follower.close()


@in_virtual_time
async def test_a_cluster_is_connected_once_its_lists_are_in():
    async with following(cluster_with_web(), WEB) as it:
        assert it.follower.health.state == "connected"
        assert it.follower.namespaces() == ["default"]
        assert [one.metadata.name for one in it.follower.services("default")] == ["web"]
        assert it.told == [(WEB, ["10.0.0.1"])]


@in_virtual_time
async def test_only_three_watches_are_held_whatever_the_number_of_services():
    cluster = cluster_with_web()
    for number in range(50):
        cluster.put("services", service(f"s{number}"))
    async with following(cluster, WEB, *(Source("k", "default", f"s{n}", 80) for n in range(50))):
        assert sorted(resource for resource, _, _ in cluster.watches) == ["endpointslices", "namespaces", "services"]


@in_virtual_time
async def test_a_slice_event_computes_only_the_sources_of_its_service():
    cluster = cluster_with_web()
    cluster.put("services", service("api"))
    async with following(cluster, WEB, API) as it:
        it.told.clear()
        cluster.put("endpointslices", slice_("web-2", "web", {"10.0.0.2": "ready"}))
        await settle()
        assert it.told == [(WEB, ["10.0.0.1", "10.0.0.2"])]
        cluster.remove("endpointslices", "web-1")
        await settle()
        assert it.told[-1] == (WEB, ["10.0.0.2"])


@in_virtual_time
async def test_a_slice_that_changes_its_service_leaves_the_old_one():
    cluster = cluster_with_web()
    cluster.put("services", service("api"))
    async with following(cluster, WEB, API) as it:
        it.told.clear()
        cluster.put("endpointslices", slice_("web-1", "api", {"10.0.0.1": "ready"}))
        await settle()
        assert it.told == [(WEB, []), (API, ["10.0.0.1"])]


@in_virtual_time
async def test_a_changed_service_port_is_followed():
    cluster = cluster_with_web()
    async with following(cluster, WEB) as it:
        cluster.put("services", service("web", ports=[{"port": 81}]))
        await settle()
        assert it.told[-1] == (WEB, [])
        cluster.put("services", service("web"))
        await settle()
        assert it.told[-1] == (WEB, ["10.0.0.1"])


@pytest.mark.parametrize("first", ["service", "slices"])
@in_virtual_time
async def test_a_renamed_port_empties_nothing_whichever_watch_tells_of_it_first(first):
    cluster = FakeCluster()
    metrics = {"name": "metrics", "port": 9000}
    news = {
        "service": ("services", service("web", ports=[{"name": "web", "port": 80}, metrics])),
        "slices": ("endpointslices", slice_("web-1", "web", PODS, ports=[{"name": "web", "port": 8080}, metrics])),
    }
    cluster.put("services", service("web", ports=[{"name": "http", "port": 80}, metrics]))
    cluster.put("endpointslices", slice_("web-1", "web", PODS, ports=[{"name": "http", "port": 8080}, metrics]))
    async with following(cluster, WEB) as it:
        for each in sorted(news, key=lambda name: name != first):
            cluster.put(*news[each])
            await settle()
            assert it.told[-1] == (WEB, ["10.0.0.1", "10.0.0.2"])


@in_virtual_time
async def test_slices_under_another_port_name_from_the_beginning_are_not_believed():
    cluster = FakeCluster()
    cluster.put("services", service("web", ports=[{"name": "http", "port": 80}]))
    cluster.put("endpointslices", slice_("web-1", "web", PODS, ports=[{"name": "web", "port": 8080}]))
    async with following(cluster, WEB) as it:
        assert it.told[-1] == (WEB, [])


@in_virtual_time
async def test_a_pod_that_goes_while_a_port_is_renamed_goes_and_one_on_another_port_does_not_come():
    cluster = FakeCluster()
    cluster.put("services", service("web", ports=[{"name": "http", "port": 80}]))
    cluster.put("endpointslices", slice_("web-1", "web", PODS, ports=[{"name": "http", "port": 8080}]))
    async with following(cluster, WEB) as it:
        cluster.put("endpointslices", slice_("web-1", "web", ONE, ports=[{"name": "web", "port": 8080}]))
        await settle()
        assert it.told[-1] == (WEB, ["10.0.0.1"])
        cluster.put("endpointslices", slice_("web-1", "web", PODS, ports=[{"name": "web", "port": 9090}]))
        await settle()
        assert it.told[-1] == (WEB, [])


@in_virtual_time
async def test_a_source_wanted_later_is_told_at_once_from_what_is_known():
    async with following(cluster_with_web()) as it:
        assert it.told == []
        it.follower.want([WEB, API])
        assert it.told == [(WEB, ["10.0.0.1"]), (API, [])]
        it.follower.want([])
        it.told.clear()
        assert it.follower.trouble(WEB) is None


@in_virtual_time
async def test_nothing_is_said_before_services_and_slices_are_both_known():
    cluster = cluster_with_web()
    cluster.breaks = lambda asked: (
        httpx.Response(500) if asked.path.endswith("/endpointslices") and asked.method == "GET" else None
    )
    async with following(cluster, WEB) as it:
        assert it.follower.health.state == "failing"
        assert it.told == []
        assert it.follower.trouble(WEB).message.endswith("was answered with 500")
        cluster.breaks = lambda asked: None
        await settle(5)
        assert it.told == [(WEB, ["10.0.0.1"])]
        assert it.follower.trouble(WEB) is None


@in_virtual_time
async def test_the_four_resource_token_is_connected_with_a_warning_and_follows_endpoints():
    cluster = cluster_with_web()
    cluster.rights = lambda verb, resource, namespace: resource != "endpointslices"
    async with following(cluster, WEB) as it:
        assert it.follower.health.state == "connected"
        assert "list and watch on endpointslices (API group discovery.k8s.io)" in it.follower.health.warnings[0]
        assert it.told == [(WEB, ["10.0.0.1"])]
        cluster.put("endpoints", endpoints("web", ["10.0.0.1", "10.0.0.2"]))
        await settle()
        assert it.told[-1] == (WEB, ["10.0.0.1", "10.0.0.2"])


@in_virtual_time
async def test_given_the_missing_right_slices_are_followed_within_a_minute():
    cluster = cluster_with_web()
    cluster.rights = lambda verb, resource, namespace: resource != "endpointslices"
    async with following(cluster, WEB) as it:
        cluster.rights = lambda verb, resource, namespace: True
        await settle(61)
        assert it.follower.health.warnings == ()
        cluster.put("endpointslices", slice_("web-2", "web", {"10.0.0.2": "ready"}))
        await settle()
        assert it.told[-1] == (WEB, ["10.0.0.1", "10.0.0.2"])


@in_virtual_time
async def test_slices_refused_while_watching_fall_back_to_endpoints_and_lose_nothing():
    cluster = cluster_with_web()
    async with following(cluster, WEB) as it:
        cluster.rights = lambda verb, resource, namespace: resource != "endpointslices"
        await settle(20)
        cluster.end_watches()
        await settle(3)
        assert it.follower.health.state == "connected"
        assert "Endpoints" in it.follower.health.warnings[0]
        assert [addresses for _, addresses in it.told] == [["10.0.0.1"]] * len(it.told)


@in_virtual_time
async def test_a_review_that_says_yes_where_the_server_refuses_ends_in_the_fallback_too():
    cluster = cluster_with_web()
    cluster.breaks = lambda asked: (
        httpx.Response(404, content=b"404 page not found") if asked.path.endswith("/endpointslices") else None
    )
    async with following(cluster, WEB) as it:
        await settle(3)
        assert it.follower.health.state == "connected"
        assert "which this API server does not have" in it.follower.health.warnings[0]
        assert it.told == [(WEB, ["10.0.0.1"])]


@in_virtual_time
async def test_all_rights_removed_while_watching_are_forbidden_and_name_what_is_missing():
    cluster = cluster_with_web()
    async with following(cluster, WEB) as it:
        cluster.rights = lambda verb, resource, namespace: False
        await settle(20)
        assert it.follower.health.state == "connected", "an open watch goes on, as Kubernetes means it"
        cluster.put("endpointslices", slice_("web-1", "web", {"10.0.0.9": "ready"}))
        cluster.end_watches()
        await settle(3)
        health = it.follower.health
        assert health.state == "forbidden"
        assert "list and watch on services in the whole cluster" in health.message
        assert "list and watch on endpointslices (API group discovery.k8s.io) in the whole cluster" in health.message
        assert it.told[-1] == (WEB, ["10.0.0.9"])
        trouble = it.follower.trouble(WEB)
        assert "403" in trouble.message
        assert trouble.since is not None
        cluster.rights = lambda verb, resource, namespace: True
        await settle(60)
        assert it.follower.health.state == "connected"
        assert it.follower.trouble(WEB) is None


@in_virtual_time
async def test_a_token_for_single_namespaces_is_followed_there():
    cluster = cluster_with_web()
    cluster.put("services", service("web", namespace="shop"))
    cluster.put("endpointslices", slice_("shop-1", "web", {"10.1.0.1": "ready"}, namespace="shop"))
    cluster.rights = lambda verb, resource, namespace: namespace == "shop"
    async with following(cluster, SHOP) as it:
        assert it.follower.health.state == "connected"
        assert it.told == [(SHOP, ["10.1.0.1"])]
        assert sorted(cluster.watches, key=str)[0][1] == "shop"
        assert it.follower.namespaces() == ["shop"]
        it.follower.want([SHOP, WEB])
        await settle(5)
        assert it.told == [(SHOP, ["10.1.0.1"])], "a namespace that may not be read is not known to be empty"
        assert it.follower.trouble(WEB) is not None
        assert it.follower.trouble(SHOP) is None
        assert it.follower.health.state == "connected"


@in_virtual_time
async def test_looking_into_a_namespace_follows_it_where_they_are_followed_one_by_one():
    cluster = cluster_with_web()
    cluster.put("services", service("cart", namespace="shop"))
    cluster.rights = lambda verb, resource, namespace: bool(namespace) or resource == "namespaces"
    async with following(cluster, WEB) as it:
        assert it.follower.services("shop") == []
        await settle(3)
        assert [one.metadata.name for one in it.follower.services("shop")] == ["cart"]
        for number in range(20):
            it.follower.services(f"n{number}")
        await settle(3)
        assert len(cluster.watches) < 60


@pytest.mark.parametrize(
    ("broken", "state", "said"),
    [
        (
            httpx.Response(401, json=status(401, "Unauthorized", "Unauthorized")),
            "unauthorized",
            "token is not accepted",
        ),
        (httpx.ConnectError("refused"), "unreachable", "broke the connection"),
        (httpx.Response(500), "failing", "500"),
        (httpx.Response(302, headers={"location": "/"}), "failing", "redirect"),
        (httpx.Response(429), "failing", "429"),
    ],
)
@in_virtual_time
async def test_a_first_check_that_fails_is_a_state_and_is_tried_again(broken, state, said):
    cluster = cluster_with_web()
    cluster.breaks = lambda asked: broken
    async with following(cluster, WEB) as it:
        assert it.follower.health.state == state
        assert said in it.follower.health.message
        assert TOKEN not in it.follower.health.message
        assert it.told == []
        assert it.follower.trouble(WEB) is not None
        cluster.breaks = lambda asked: None
        await settle(31)
        assert it.follower.health.state == "connected"
        assert it.told == [(WEB, ["10.0.0.1"])]


@in_virtual_time
async def test_deletions_missed_during_an_outage_are_found_by_the_relist():
    cluster = cluster_with_web()
    cluster.put("endpointslices", slice_("web-2", "web", {"10.0.0.2": "ready"}))
    async with following(cluster, WEB) as it:
        cluster.breaks = lambda asked: httpx.ConnectError("down")
        cluster.end_watches(httpx.ReadError("reset"))
        await settle(600)
        cluster.remove("endpointslices", "web-2")
        cluster.compact()
        cluster.breaks = lambda asked: None
        await settle(35)
        assert it.told[-1] == (WEB, ["10.0.0.1"])
        assert it.follower.health.state == "connected"


@in_virtual_time
async def test_an_unanswered_address_is_unreachable_within_the_connect_timeout():
    cluster = cluster_with_web()
    cluster.connects.clear()
    async with following(cluster, WEB) as it:
        assert now() == pytest.approx(5.0)
        assert it.follower.health.state == "unreachable"


@in_virtual_time
async def test_names_that_kubernetes_cannot_have_are_empty_and_never_asked_for():
    odd = Source("k", "../../secrets", "web", 80)
    async with following(cluster_with_web(), odd) as it:
        assert it.told[-1] == (odd, [])
        assert it.follower.client.address is ADDRESS


@in_virtual_time
async def test_loopback_pods_count_only_beside_a_loopback_api_server():
    cluster = cluster_with_web()
    cluster.put("endpointslices", slice_("web-1", "web", {"127.20.0.1": "ready", "10.0.0.1": "ready"}))
    async with following(cluster, WEB) as it:
        assert it.told[-1] == (WEB, ["10.0.0.1"])
    async with following(cluster, WEB, address=ClusterAddress("127.0.0.1", token="t")) as it:
        assert it.told[-1] == (WEB, ["10.0.0.1", "127.20.0.1"])
