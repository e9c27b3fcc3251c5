"""Each invariant catches the bug that it is there for, and says nothing of the same timeline without the bug."""

import pytest

from scenarios.explore.plan import Deed, Plan
from scenarios.explore.playing import play
from tests.scenarios.explore.breaking import BROKEN

OUTAGE = {"fault": {"type": "status", "code": 500}, "match": {"resource": "endpointslices"}}
STORIES = {
    "offered": [Deed(5.0, "scale", {"service": 0, "replicas": 3})],
    "removed": [Deed(5.0, "kill-pod", {"service": 0, "grace": 0})],
    "forward": [Deed(5.0, "restart-admin"), Deed(6.0, "unready", {"service": 0})],
    "not emptied": [Deed(5.0, "fault", OUTAGE)],
    "settled": [Deed(5.0, "unready", {"service": 0})],
}


@pytest.mark.parametrize("invariant", STORIES)
def test_an_invariant_catches_its_bug_and_nothing_else(invariant):
    plan = Plan("test", 1, (2,), tuple(STORIES[invariant]), 3)
    assert play(plan).violation is None
    broken = play(plan, BROKEN[invariant])
    assert broken.violation is not None
    assert broken.violation.invariant == invariant
    assert "VIOLATION" in "\n".join(broken.lines)
