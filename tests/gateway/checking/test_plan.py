import msgspec

from edge.gateway.checking.plan import Plan, Probe
from edge.model import (
    ApplicationDocument,
    Endpoint,
    Manifest,
    ManifestEntry,
    Revision,
    Server,
    Source,
    SourceState,
    Upstream,
    UpstreamTls,
)
from edge.model import document as documents
from edge.model.health_check import HealthCheck
from edge.wire.content import Content

CHECK = HealthCheck(path="/health")
SOURCE = Source("c", "default", "web", 80)
PODS = Upstream("pods", "pods", sources=(SOURCE,), check=CHECK)
HANDS = Upstream("hands", "by hand", (Server("10.1.0.1", 80), Server("b.example", 81, 0)), check=CHECK)


def state(number, *endpoints):
    return SourceState(SOURCE, Revision(1, number), endpoints)


def content(*upstreams, sources=None, number=1):
    body = documents.encode(ApplicationDocument("a", "a", upstreams=upstreams))
    entry = ManifestEntry("a", "a", number, documents.hash_of(body))
    return Content(Manifest(Revision(1, number), "p", (entry,)), {entry.hash: body}, sources or {})


def addresses(plan, upstream):
    return [probe.address[0] for probe in plan.upstreams["a", upstream]]


def test_servers_in_use_and_endpoints_that_take_requests_are_checked():
    ready, unready = Endpoint("10.0.0.1", 8080), Endpoint("10.0.0.2", 8080, ready=False, serving=False)
    ending = Endpoint("10.0.0.3", 8080, ready=False, terminating=True)
    plan = Plan()
    plan.release(content(PODS, HANDS, sources={SOURCE.key: state(1, ready, unready, ending)}))
    assert plan.upstreams == {
        ("a", "pods"): (Probe(("10.0.0.1", 8080), CHECK),),
        ("a", "hands"): (Probe(("10.1.0.1", 80), CHECK),),
    }


def test_upstreams_without_a_check_are_left_alone_and_https_is_checked_over_https():
    tls = UpstreamTls(verify=False)
    plan = Plan()
    plan.release(content(msgspec.structs.replace(HANDS, check=None), msgspec.structs.replace(HANDS, id="s", tls=tls)))
    assert plan.upstreams == {("a", "s"): (Probe(("10.1.0.1", 80), CHECK, tls),)}


def test_endpoints_that_come_and_go_are_followed_and_other_sources_change_nothing():
    plan = Plan()
    plan.release(content(PODS, sources={SOURCE.key: state(1)}))
    assert plan.move(state(2, Endpoint("10.0.0.1", 80), Endpoint("10.0.0.2", 80))) == [("a", "pods")]
    assert addresses(plan, "pods") == ["10.0.0.1", "10.0.0.2"]
    other = SourceState(Source("c", "default", "other", 80), Revision(1, 3), (Endpoint("10.0.0.9", 80),))
    assert not plan.move(other)


def test_what_is_no_longer_released_is_no_longer_checked():
    plan = Plan()
    plan.release(content(PODS, HANDS, sources={SOURCE.key: state(1, Endpoint("10.0.0.1", 80))}))
    assert plan.release(content(HANDS, number=2)) == [("a", "pods"), ("a", "hands")]
    assert list(plan.upstreams) == [("a", "hands")]
    assert not plan.move(state(2))


def test_a_document_of_a_newer_admin_is_checked_as_far_as_it_can_be_read_and_a_broken_one_not():
    body = b'{"id":"a","new":1,"upstreams":[{"id":"u","name":"u","servers":[{"host":"h","port":1}],"check":{}}]}'
    for data, names in ((body, [("a", "u")]), (b'{"upstreams":[{"check":', []), (b'"check":\xff', [])):
        entry = ManifestEntry("a", "a", 1, documents.hash_of(data))
        plan = Plan()
        plan.release(Content(Manifest(Revision(1, 1), "p", (entry,)), {entry.hash: data}, {}))
        assert list(plan.upstreams) == names
