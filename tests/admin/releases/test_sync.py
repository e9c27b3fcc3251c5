from datetime import UTC, datetime

import pytest

from edge.admin.releases.sync import ServerFacts, release_sync, server_state, server_sync
from edge.model import ManifestEntry, Revision
from edge.wire.messages import Report

AT = datetime(2026, 1, 1, tzinfo=UTC)
HASHES = {1: "h1", 2: "h2", 3: "h1"}


def serving(version, hash=None, **more):
    entry = ManifestEntry("a", "shop", version, hash or HASHES[version])
    return Report(applications=(entry,) if version else (), **more)


def server(report, online=True, name="g1"):
    return ServerFacts(id=name, name=name, online=online, since=AT, report=report)


@pytest.mark.parametrize(
    ("report", "state", "version", "behind", "reason"),
    [
        (serving(2), "applied", 2, None, None),
        (serving(3), "applied", 3, None, None),
        (serving(1), "behind", 1, 1, None),
        (Report(), "behind", None, 2, None),
        (None, "behind", None, 2, None),
        (serving(1, refused={"a": "a rule cannot be compiled"}), "refused", 1, 1, "a rule cannot be compiled"),
        (serving(1, refused={"b": "not this one"}), "behind", 1, 1, None),
        (serving(1, missing=("h2", "k/d/s:80")), "waiting", 1, 1, "waits for h2, k/d/s:80"),
        (serving(2, missing=("h9",)), "applied", 2, None, None),
        (serving(2, hash="of another life"), "behind", 2, 2, None),
        (serving(7, hash="of a lost database"), "behind", 7, 2, None),
    ],
)
def test_a_servers_own_word_decides_its_state(report, state, version, behind, reason):
    view = server_sync("a", 2, HASHES, server(report))
    assert (view.state, view.version, view.behind, view.reason) == (state, version, behind, reason)


def test_who_is_offline_is_offline_whatever_it_served():
    view = server_sync("a", 2, HASHES, server(serving(2), online=False))
    assert (view.state, view.version) == ("offline", 2)


def test_a_release_is_complete_when_every_online_server_applied_it():
    applied, offline, late = (
        server(serving(2)),
        server(serving(1), online=False, name="g2"),
        server(serving(1), name="g3"),
    )
    sync = release_sync("a", 2, HASHES, [applied, offline])
    assert (sync.complete, sync.total, sync.applied) == (True, 2, 1)
    sync = release_sync("a", 2, HASHES, [applied, offline, late])
    assert (sync.complete, sync.total, sync.applied) == (False, 3, 1)
    assert [view.name for view in sync.servers] == ["g1", "g2", "g3"]


@pytest.mark.parametrize(
    ("online", "report", "state"),
    [
        (False, Report(), "offline"),
        (True, None, "behind"),
        (True, Report(manifest=Revision(5, 1)), "behind"),
        (True, Report(manifest=Revision(5, 2)), "applied"),
        (True, Report(manifest=Revision(5, 2), refused={"a": "x"}), "refused"),
        (True, Report(manifest=Revision(5, 1), missing=("h",)), "waiting"),
    ],
)
def test_a_server_as_a_whole_stands_by_its_partitions_manifest(online, report, state):
    assert server_state(online, report, Revision(5, 2)) == state


def test_a_long_list_of_what_is_missing_is_cut():
    view = server_sync("a", 2, HASHES, server(serving(1, missing=tuple("abcdef"))))
    assert view.reason == "waits for a, b, c and 3 more"
