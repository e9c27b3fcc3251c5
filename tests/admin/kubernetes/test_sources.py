from datetime import UTC, datetime, timedelta

from edge.admin.kubernetes.sources import Entry, SourceView
from edge.kube.endpoints import Reading
from edge.model.endpoint import Endpoint
from edge.model.revision import Revision
from edge.model.source import Source, SourceState

WEB = Source("k", "default", "web", 80)
ONE = (Endpoint("10.0.0.1", 8080),)
TWO = (Endpoint("10.0.0.1", 8080), Endpoint("10.0.0.2", 8080))
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_first_reading_has_the_generation_of_this_life():
    entry = Entry(WEB)
    assert entry.view() == SourceView(warnings=("Not read yet: its cluster is being read.",))
    assert entry.read(Reading(ONE), 7, 1) == SourceState(WEB, Revision(7, 1), ONE)
    assert entry.view() == SourceView(ONE, Revision(7, 1))


def test_equal_endpoints_are_not_a_change():
    entry = Entry(WEB)
    entry.read(Reading(ONE), 7, 1)
    assert entry.read(Reading(ONE, ("a warning",)), 7, 2) is None
    assert entry.view().revision == Revision(7, 1)
    assert entry.view().warnings == ("a warning",)
    assert entry.read(Reading(TWO), 7, 2).revision == Revision(7, 2)


def test_restored_endpoints_keep_their_revision_and_are_stale():
    entry = Entry(WEB)
    entry.restore(SourceState(WEB, Revision(5, 3), ONE), SINCE)
    view = entry.view()
    assert (view.endpoints, view.revision, view.stale_since) == (ONE, Revision(5, 3), SINCE)
    assert "last known endpoints, of 2026-01-01T00:00:00.000Z: not read since the Admin started" in view.warnings[0]


def test_equal_endpoints_read_first_after_a_restore_are_published_under_the_new_generation():
    entry = Entry(WEB)
    entry.restore(SourceState(WEB, Revision(5, 3), ONE), None)
    assert entry.read(Reading(ONE), 7, 1) == SourceState(WEB, Revision(7, 1), ONE)


def test_a_restore_never_replaces_what_is_newer():
    entry = Entry(WEB)
    entry.read(Reading(TWO), 7, 1)
    entry.restore(SourceState(WEB, Revision(5, 3), ONE), SINCE)
    assert entry.view() == SourceView(TWO, Revision(7, 1))


def test_lost_and_found():
    entry = Entry(WEB)
    entry.read(Reading(ONE), 7, 1)
    entry.lost(SINCE, "connection refused")
    entry.lost(SINCE + timedelta(hours=1), "no route to the host")
    view = entry.view()
    assert (view.endpoints, view.stale_since) == (ONE, SINCE), "stale since the first moment, for the newest reason"
    assert "no route to the host" in view.warnings[0]
    entry.found()
    assert entry.view() == SourceView(ONE, Revision(7, 1))


def test_what_was_never_known_is_not_stale_but_unread():
    entry = Entry(WEB)
    entry.lost(None, "connection refused")
    assert entry.view() == SourceView(warnings=("Not read yet: connection refused.",))
