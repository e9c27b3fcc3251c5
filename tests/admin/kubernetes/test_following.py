import pytest

from edge.admin.kubernetes.following import Following, parse_key
from edge.model import ApplicationDocument, Source, Upstream
from edge.model import document as documents

A, B, C = (Source("k", "default", name, 80) for name in "abc")


def application(id, *sources):
    upstreams = tuple(
        Upstream(id=f"{id}-{source.service}", name=source.service, sources=(source,)) for source in sources
    )
    return ApplicationDocument(id=id, name=id, upstreams=upstreams)


class Told:
    """A Following that knows the cluster k, and what it told."""

    def __init__(self):
        self.followed = []
        self.dropped = []
        self.following = Following(lambda sources: self.followed.append(list(sources)), self.dropped.extend)
        self.following.start(["k"], [], {})

    @property
    def names(self):
        return sorted(source.service for source in self.followed[-1])


def body(document):
    encoded = documents.encode(document)
    return {documents.hash_of(encoded): encoded}


def test_a_source_is_followed_as_long_as_a_draft_a_release_or_a_server_names_it():
    told = Told()
    told.following.draft(application("x", A))
    assert told.names == ["a"]
    told.following.released(body(application("x", A)))
    told.following.draft(application("x", B))
    assert told.names == ["a", "b"]
    told.following.served("g1", [A.key])
    told.following.released(body(application("x", B)))
    assert told.names == ["a", "b"]
    assert told.dropped == []
    told.following.served("g1", [B.key])
    assert told.names == ["b"]
    assert told.dropped == [A]


def test_nothing_is_told_when_nothing_changed():
    told = Told()
    told.following.draft(application("x", A))
    told.following.served("g1", [A.key])
    told.following.released(body(application("x", A)))
    assert len(told.followed) == 1


def test_an_offline_server_still_counts_until_it_is_deleted():
    told = Told()
    told.following.served("g1", [C.key])
    assert told.names == ["c"]
    told.following.gone("g1")
    assert told.names == []
    assert told.dropped == [C]


def test_sources_of_a_cluster_that_is_not_registered_are_not_followed():
    told = Told()
    told.following.draft(application("x", A, Source("other", "default", "b", 80)))
    assert [source.cluster for source in told.followed[-1]] == ["k"]
    told.following.cluster_added("other")
    assert [source.cluster for source in told.followed[-1]] == ["k", "other"]
    told.following.cluster_removed("k")
    assert [source.cluster for source in told.followed[-1]] == ["other"]


def test_the_upstreams_of_a_source_are_those_of_all_drafts():
    told = Told()
    told.following.draft(application("x", A))
    told.following.draft(application("y", A, B))
    assert told.following.upstreams_of(A.key) == ["x-a", "y-a"]
    told.following.deleted("x")
    assert told.following.upstreams_of(A.key) == ["y-a"]
    assert told.following.upstreams_of("nonsense") == []


@pytest.mark.parametrize("source", [A, Source("k", "default", "web", "http")])
def test_a_key_can_be_read_back(source):
    assert parse_key(source.key) == source


@pytest.mark.parametrize("text", ["", "a/b/c", "a/b:80", "a//c:80", "a/b/c/d:80", "a/b/c:"])
def test_other_text_is_no_key(text):
    assert parse_key(text) is None
