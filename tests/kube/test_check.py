import httpx
import pytest

from edge.kube.check import Survey
from edge.kube.fault import Fault
from edge.kube.plan import ABSENT
from tests.kube.support import FakeCluster, client, in_virtual_time, recorded, settle, status

BOTH = ("list", "watch")


def denies(*denied):
    """Rights that lack (verb, resource) pairs in the whole cluster; single namespaces may be read."""
    return lambda verb, resource, namespace: bool(namespace) or (verb, resource) not in denied


async def surveyed(cluster, namespaces=(), distrusted=()):
    return await Survey(client(cluster), distrusted).run(namespaces)


@in_virtual_time
async def test_a_token_with_all_rights_lacks_nothing_and_reads_nothing():
    cluster = FakeCluster()
    assert await surveyed(cluster) == {("services", ""): (), ("namespaces", ""): (), ("endpointslices", ""): ()}
    assert all(asked.method == "POST" for asked in cluster.log)


@in_virtual_time
async def test_each_missing_verb_is_found():
    cluster = FakeCluster()
    cluster.rights = denies(("watch", "services"), ("list", "endpointslices"), ("list", "endpoints"))
    access = await surveyed(cluster, ["shop"])
    assert access["services", ""] == ("watch",)
    assert access["endpointslices", ""] == ("list",)
    assert access["endpoints", ""] == ("list",)
    assert access["services", "shop"] == ()
    assert access["endpointslices", "shop"] == ()
    assert ("endpoints", "shop") not in access


@in_virtual_time
async def test_single_namespaces_are_not_asked_about_when_the_cluster_may_be_read():
    cluster = FakeCluster()
    access = await surveyed(cluster, ["shop"])
    assert not any(namespace for _, namespace in access)


def without_reviews(code=403):
    return lambda asked: (
        httpx.Response(code, json=status(code, "Forbidden", "no")) if "selfsubject" in asked.path else None
    )


@pytest.mark.parametrize("code", [403, 404, 405, 500])
@in_virtual_time
async def test_where_reviews_are_not_answered_the_real_thing_is_tried(code):
    cluster = FakeCluster()
    cluster.breaks = without_reviews(code)
    cluster.rights = denies(("list", "endpointslices"), ("watch", "endpointslices"))
    access = await surveyed(cluster)
    assert access["services", ""] == ()
    assert access["endpointslices", ""] == BOTH
    assert access["endpoints", ""] == ()
    assert len([asked for asked in cluster.log if asked.method == "POST"]) == 1, "not asked twice"
    lists = [asked for asked in cluster.log if asked.method == "GET" and "watch" not in asked.params]
    assert {asked.params["limit"] for asked in lists} == {"1"}
    await settle()
    assert all(stream.closed for _, _, stream in cluster.watches)


@in_virtual_time
async def test_a_resource_that_the_server_does_not_have_is_absent():
    cluster = FakeCluster()
    cluster.breaks = lambda asked: (
        httpx.Response(404, content=b"404 page not found")
        if "endpointslices" in asked.path
        else without_reviews()(asked)
    )
    assert (await surveyed(cluster))["endpointslices", ""] == (ABSENT,)


@in_virtual_time
async def test_something_that_is_no_kubernetes_is_told_so():
    cluster = FakeCluster()
    cluster.breaks = lambda asked: httpx.Response(404, content=b"<html>nothing here</html>")
    with pytest.raises(Fault, match="is this a Kubernetes API server") as caught:
        await surveyed(cluster)
    assert caught.value.reason == "failing"


@in_virtual_time
async def test_a_review_that_proved_wrong_is_not_asked_again():
    cluster = FakeCluster()
    cluster.breaks = lambda asked: (
        httpx.Response(403, json=status(403, "Forbidden", "no")) if "endpointslices" in asked.path else None
    )
    assert (await surveyed(cluster))["endpointslices", ""] == ()
    found = await surveyed(cluster, distrusted=["endpointslices.discovery.k8s.io"])
    assert found["endpointslices", ""] == BOTH


@pytest.mark.parametrize(
    ("broken", "reason", "requests"),
    [
        (httpx.Response(401, content=recorded("unauthorized.json")), "unauthorized", 1),
        (httpx.ConnectError("refused"), "unreachable", 1),
        (httpx.Response(429, headers={"retry-after": "3"}), "throttled", 1),
        (httpx.Response(200, content=b"<html>"), "malformed", 1),
    ],
)
@in_virtual_time
async def test_what_says_nothing_about_rights_is_the_surveys_fault_and_asked_once(broken, reason, requests):
    cluster = FakeCluster()
    cluster.breaks = lambda asked: broken
    with pytest.raises(Fault) as caught:
        await surveyed(cluster)
    assert caught.value.reason == reason
    assert len(cluster.log) == requests
