import json

import msgspec
import pytest

from edge.gateway import snapshot as snapshots
from edge.gateway.balancing.pool import Pool
from edge.gateway.settings import Settings
from edge.model import document as documents
from edge.model.actions import Cors, Proxy, Respond
from edge.model.document import ApplicationDocument
from edge.model.endpoint import Endpoint
from edge.model.manifest import Manifest, ManifestEntry
from edge.model.revision import Revision
from edge.model.rule import Condition, Rule
from edge.model.source import Source, SourceState
from edge.model.upstream import Server, Upstream
from edge.rules.request import Request
from edge.wire.content import Content

HELLO = Source("c1", "default", "hello", 80)
OTHER = Source("c1", "default", "other", "http")


def state(source, number, *hosts):
    return SourceState(source, Revision(1, number), tuple(Endpoint(f"10.0.0.{host}", 8080) for host in hosts))


def application(id, *sources, domains=None, rules=None, default=False):
    return ApplicationDocument(
        id,
        f"name of {id}",
        domains=(f"{id}.example",) if domains is None else domains,
        default=default,
        upstreams=(Upstream("k", "kubernetes", sources=sources), Upstream("s", "static", (Server("backend", 80),))),
        rules=rules or (Rule("r", actions=(Proxy("k"),)),),
    )


def content(*applications, sources=(), number=1, version=1, origin="admin", bodies=None, fallback=()):
    encoded = {document.id: documents.encode(document) for document in applications}
    encoded.update(bodies or {})
    entries = tuple(
        ManifestEntry(id, f"name of {id}", version, documents.hash_of(body)) for id, body in sorted(encoded.items())
    )
    return Content(
        Manifest(Revision(1, number), "p", entries),
        {documents.hash_of(body): body for body in encoded.values()},
        {each.source.key: each for each in sources},
        origin,
        fallback,
    )


def build(given, previous=None):
    snapshot, refused = snapshots.build(previous, given)
    assert refused == {}
    return snapshot


def hosts(snapshot, host, upstream="k", count=4):
    found = snapshot.find(host)
    pool = Pool(Settings(), lambda: 0.0, lambda connection: None)
    chosen = [found.backends[upstream].choose(None, pool) for _ in range(count)]
    return [address and address[0] for address in chosen]


NEWER = b'{"id":"a","name":"name of a","domains":["a.example"],"rules":[{"id":"r","actions":[{"type":"teleport"}]}]}'


def test_nothing_is_served_before_anything_is_told():
    assert snapshots.NOTHING.find("a.example") is None
    assert snapshots.NOTHING.describe() == {
        "manifest": 0,
        "applications": [],
        "certificates": [],
        "sources": [],
        "unhealthy": [],
        "origin": "disk",
    }


def test_a_request_finds_its_application_rules_and_endpoints():
    snapshot = build(content(application("a", HELLO), sources=[state(HELLO, 1, 1, 2)]))
    found = snapshot.find("A.example:80")
    assert found is not None
    assert found.id == "a"
    request = Request(target="/x")
    assert found.decide(request).upstream == "k"
    assert (request.application, request.release) == ("name of a", "1")
    assert hosts(snapshot, "a.example") == ["10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.2"]
    assert hosts(snapshot, "a.example", "s", 1) == ["backend"]
    assert snapshot.find("b.example") is None


def test_a_default_application_answers_hosts_that_nobody_names():
    snapshot = build(content(application("a"), application("b", default=True)))
    assert snapshot.find("unknown.example").id == "b"
    assert snapshot.find("a.example").id == "a"


def test_endpoints_of_several_sources_are_merged():
    snapshot = build(content(application("a", HELLO, OTHER), sources=[state(HELLO, 1, 1), state(OTHER, 1, 2, 1)]))
    assert hosts(snapshot, "a.example", count=3) == ["10.0.0.1", "10.0.0.2", "10.0.0.1"]


def test_an_empty_source_has_nobody_to_ask():
    snapshot = build(content(application("a", HELLO), sources=[state(HELLO, 1)]))
    assert hosts(snapshot, "a.example", count=1) == [None]


def test_it_describes_itself_without_anything_but_json():
    snapshot = build(content(application("a", HELLO), sources=[state(HELLO, 2, 1)], number=3, origin="disk", version=7))
    described = json.loads(json.dumps(snapshot.describe()))
    (entry,) = snapshot.manifest.applications
    assert described == {
        "manifest": int(Revision(1, 3)),
        "applications": [{"id": "a", "name": "name of a", "version": 7, "hash": entry.hash}],
        "certificates": [],
        "sources": [
            {
                "cluster": "c1",
                "namespace": "default",
                "service": "hello",
                "port": 80,
                "revision": int(Revision(1, 2)),
                "endpoints": [
                    {
                        "address": "10.0.0.1",
                        "port": 8080,
                        "pod": "",
                        "node": "",
                        "zone": "",
                        "ready": True,
                        "serving": True,
                        "terminating": False,
                        "healthy": True,
                    }
                ],
            }
        ],
        "unhealthy": [],
        "origin": "disk",
    }


# Releases


def test_an_application_of_equal_hash_is_not_compiled_again_and_keeps_its_turns():
    before = build(content(application("a", HELLO), sources=[state(HELLO, 1, 1, 2)]))
    assert hosts(before, "a.example", count=1) == ["10.0.0.1"]
    after = build(content(application("a", HELLO), sources=[state(HELLO, 1, 1, 2)], number=2, version=2), before)
    assert after.find("a.example")._rules is before.find("a.example")._rules
    assert after.find("a.example").release == "2"
    assert hosts(after, "a.example", count=1) == ["10.0.0.2"]


def test_a_new_release_of_one_application_leaves_the_selectors_of_all_upstreams_that_did_not_change():
    before = build(content(application("a", HELLO), sources=[state(HELLO, 1, 1, 2)]))
    changed = application("a", HELLO, rules=(Rule("r", actions=(Respond(200),)),))
    after = build(content(changed, sources=[state(HELLO, 1, 1, 2)], number=2), before)
    assert after.find("a.example").decide(Request()).answer.status == 200
    assert before.find("a.example").decide(Request()).upstream == "k"
    assert after.find("a.example").backends["s"] is before.find("a.example").backends["s"]


def test_what_an_action_knows_outlives_a_release_that_leaves_the_action_as_it_was():
    rule = Rule("r", actions=(Cors(origins=("*",)), Proxy("s")))
    before = build(content(application("a", rules=(rule,))))
    after = build(content(application("a", rules=(rule, Rule("new", actions=(Proxy("s"),))))), before)
    first, second = (each.find("a.example").decide(Request()).gates[0] for each in (before, after))
    assert second is first


def test_what_is_not_in_the_manifest_any_more_is_gone_with_its_sources():
    before = build(content(application("a", HELLO), application("b"), sources=[state(HELLO, 1, 1)]))
    after = build(content(application("b"), sources=[state(HELLO, 1, 1)], number=2), before)
    assert after.find("a.example") is None
    assert after.sources == {}
    assert before.find("a.example").id == "a"


def test_an_older_state_of_a_source_does_not_come_back_with_a_release():
    before = build(content(application("a", HELLO), sources=[state(HELLO, 5, 5)]))
    after = build(content(application("a", HELLO), sources=[state(HELLO, 4, 4)], number=2), before)
    assert hosts(after, "a.example", count=1) == ["10.0.0.5"]


# Refusals


def test_an_application_that_only_a_newer_gateway_knows_is_refused_and_the_others_are_taken():
    snapshot, refused = snapshots.build(None, content(application("b"), bodies={"a": NEWER}))
    assert list(refused) == ["a"]
    assert "teleport" in refused["a"]
    assert snapshot.find("a.example") is None
    assert snapshot.find("b.example").id == "b"
    assert [entry.application for entry in snapshot.entries] == ["b"]


def test_a_refused_application_keeps_the_version_it_had_with_its_endpoints():
    before = build(content(application("a", HELLO), application("b"), sources=[state(HELLO, 1, 1)]))
    after, refused = snapshots.build(before, content(application("b"), bodies={"a": NEWER}, number=2, version=2))
    assert list(refused) == ["a"]
    assert [(entry.application, entry.version) for entry in after.entries] == [("a", 1), ("b", 2)]
    assert hosts(after, "a.example", count=1) == ["10.0.0.1"]
    assert after.manifest.revision == Revision(1, 2)
    assert hosts(snapshots.with_source(after, state(HELLO, 2, 2)), "a.example", count=1) == ["10.0.0.2"]


def test_a_worker_started_later_serves_the_fallback_of_a_refused_application():
    old = application("a", HELLO)
    body = documents.encode(old)
    entry = ManifestEntry("a", "name of a", 1, documents.hash_of(body))
    given = content(bodies={"a": NEWER}, number=2, version=2, sources=[state(HELLO, 1, 1)], fallback=(entry,))
    given = msgspec.structs.replace(given, documents={**given.documents, entry.hash: body})
    snapshot, refused = snapshots.build(None, given)
    assert list(refused) == ["a"]
    assert snapshot.entries == (entry,)
    assert hosts(snapshot, "a.example", count=1) == ["10.0.0.1"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "cannot read its document"),
        (b'{"id":"a","name":"n","rules":[{"id":"r","actions":[{"type":"proxy","upstream":"x"}]}]}', "the upstream x"),
        (b'{"id":"b","name":"n"}', "not a"),
        (
            b'{"id":"a","name":"n","rules":[{"id":"r","conditions":[{"variable":"path","operator":"matches",'
            b'"values":["("]}],"actions":[{"type":"respond"}]}]}',
            "rule r: missing",
        ),
    ],
)
def test_a_refusal_says_why(body, reason):
    _, refused = snapshots.build(None, content(bodies={"a": body}))
    assert reason in refused["a"]


def test_a_missing_document_is_a_refusal():
    given = msgspec.structs.replace(content(application("a")), documents={})
    _, refused = snapshots.build(None, given)
    assert "is missing" in refused["a"]


def test_a_new_release_that_was_taken_wins_a_host_over_an_old_one_that_was_kept():
    before = build(content(application("a", domains=("x.example",)), application("b")))
    moved = application("b", domains=("x.example",))
    after, _ = snapshots.build(
        before, content(moved, bodies={"a": NEWER.replace(b"a.example", b"y.example")}, number=2)
    )
    assert after.find("x.example").id == "b"


# Endpoints


def test_new_endpoints_are_swapped_in_for_all_who_use_the_source_and_nobody_else():
    before = build(
        content(
            application("a", HELLO), application("b", HELLO, OTHER), application("c", OTHER),
            sources=[state(HELLO, 1, 1), state(OTHER, 1, 9)],
        )
    )  # fmt: skip
    after = snapshots.with_source(before, state(HELLO, 2, 2))
    assert hosts(after, "a.example", count=2) == ["10.0.0.2", "10.0.0.2"]
    assert hosts(after, "b.example", count=2) == ["10.0.0.2", "10.0.0.9"]
    assert after.find("c.example") is before.find("c.example")
    assert after.find("a.example").backends["s"] is before.find("a.example").backends["s"]
    assert hosts(before, "a.example", count=1) == ["10.0.0.1"]
    assert after.sources[HELLO.key].revision == Revision(1, 2)


def test_an_older_or_equal_state_and_an_unknown_source_change_nothing():
    snapshot = build(content(application("a", HELLO), sources=[state(HELLO, 2, 1)]))
    assert snapshots.with_source(snapshot, state(HELLO, 1, 7)) is snapshot
    assert snapshots.with_source(snapshot, state(HELLO, 2, 7)) is snapshot
    assert snapshots.with_source(snapshot, state(OTHER, 9, 7)) is snapshot


def test_a_new_endpoint_has_the_next_request():
    before = build(content(application("a", HELLO), sources=[state(HELLO, 1, 1)]))
    hosts(before, "a.example", count=3)
    after = snapshots.with_source(before, state(HELLO, 2, 1, 2))
    assert hosts(after, "a.example", count=1) == ["10.0.0.2"]


def test_the_addresses_of_an_upstream_are_its_servers_or_its_endpoints_also_those_that_end():
    leaving = Endpoint("10.0.0.2", 8080, ready=False, terminating=True)
    ending = SourceState(HELLO, Revision(1, 1), (Endpoint("10.0.0.1", 8080), leaving))
    snapshot = build(content(application("a", HELLO), sources=[ending]))
    assert snapshot.addresses("a", "k") == {("10.0.0.1", 8080), ("10.0.0.2", 8080)}
    assert snapshot.addresses("a", "s") == {("backend", 80)}
    assert snapshot.addresses("a", "") == snapshot.addresses("", "") == frozenset()
    assert snapshot.addresses("a", "gone") is snapshot.addresses("gone", "") is None


def test_a_swap_at_a_thousand_applications_touches_only_the_one():
    sources = [Source("c", "ns", f"s{n}", 80) for n in range(1000)]
    rules = tuple(
        Rule(f"r{n}", conditions=(Condition("path", "prefix", (f"/{n}/",)),), actions=(Proxy("k"),)) for n in range(10)
    )
    applications = [application(f"a{n:04}", source, rules=rules) for n, source in enumerate(sources)]
    snapshot = build(content(*applications, sources=[state(source, 1, *range(10)) for source in sources]))
    swapped = snapshots.with_source(snapshot, state(sources[51], 2, *range(11)))
    changed = [id for id in snapshot.applications if swapped.applications[id] is not snapshot.applications[id]]
    assert changed == ["a0051"]
    assert len(swapped.find("a0051.example").backends["k"].targets) == 11


def test_an_application_of_which_a_source_was_never_heard_keeps_its_older_version_until_it_is():
    before = build(content(application("a", HELLO), application("b"), sources=[state(HELLO, 1, 1)]))
    other = Source("cluster", "default", "other", 80)
    given = content(application("a", other), application("b", default=True), sources=[state(HELLO, 1, 1)], version=2)
    after, refused = snapshots.build(before, given)
    assert refused == {"a": f"waits for {other.key}"}
    assert [(entry.application, entry.version) for entry in after.entries] == [("a", 1), ("b", 2)]
    assert hosts(after, "a.example", count=1) == ["10.0.0.1"]
    warm = content(application("a", other), application("b", default=True), sources=[state(other, 1, 9)], version=2)
    assert hosts(build(warm, after), "a.example", count=1) == ["10.0.0.9"]
