from hypothesis import given
from hypothesis import strategies as st

from edge.admin.applications.upstream_revision import UpstreamRevisions
from edge.model import Revision, Server, Source, Upstream

WEB, API = (Source("c", "default", name, 80) for name in ("web", "api"))


def upstream(*sources, servers=()):
    return Upstream("u", "u", servers=servers, sources=sources)


def test_a_newer_revision_of_a_source_is_a_higher_number():
    revisions = UpstreamRevisions(10)
    assert revisions.of(upstream(WEB), [Revision(10, 1)]) < revisions.of(upstream(WEB), [Revision(10, 2)])


def test_what_did_not_change_shows_the_same_number():
    revisions = UpstreamRevisions(10)
    assert revisions.of(upstream(WEB), [Revision(10, 1)]) == revisions.of(upstream(WEB), [Revision(10, 1)])


def test_exchanging_the_source_for_an_older_one_or_for_servers_by_hand_rises_too():
    revisions = UpstreamRevisions(10)
    shown = [
        revisions.of(upstream(WEB), [Revision(10, 500)]),
        revisions.of(upstream(API), [Revision(10, 3)]),
        revisions.of(upstream(API), [Revision(10, 4)]),
        revisions.of(upstream(servers=(Server("10.0.0.1", 80),)), []),
        revisions.of(upstream(WEB), [Revision(10, 501)]),
    ]
    assert shown == sorted(set(shown))


def test_what_was_restored_from_an_older_life_shows_at_least_this_life_s_beginning():
    assert UpstreamRevisions(10).of(upstream(WEB), [Revision(9, 70)]) == int(Revision(10, 0))


@given(st.lists(st.tuples(st.sampled_from([(WEB,), (API,), (WEB, API), ()]), st.integers(0, 1000)), max_size=30))
def test_it_never_falls(steps):
    revisions, last = UpstreamRevisions(10), 0
    numbers = {WEB: 0, API: 0}
    for sources, more in steps:
        for source in sources:
            numbers[source] += more
        now = revisions.of(upstream(*sources), [Revision(10, numbers[source]) for source in sources])
        assert now >= last
        last = now
