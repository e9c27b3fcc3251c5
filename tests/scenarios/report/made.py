"""A result with something of everything, for the reports' tests."""

from pathlib import Path

from scenarios import marks
from scenarios.disturbances import DISTURBANCES
from scenarios.loading import cases
from scenarios.observers import ADMIN, AWAY, EVENTS, KUBERNETES, REQUESTS
from scenarios.runner import GIVEN, STEPS, Result
from scenarios.timeline import Event, Outcome, Timeline
from scenarios.traffic import Sample

TEXT = "title: t <b>\nabout: why & how\ngiven: {edge: none}\nsteps: [wait: 1s]\n"

OUTCOMES = [
    Outcome(kind="given", title="start everything that is given", state="held", seconds=0.5),
    Outcome(kind="action", title="scale <x>", line=4, state="held", started=0.5, seconds=0.2),
    Outcome(
        kind="expectation",
        title="expect three",
        line=5,
        state="failed",
        started=0.7,
        seconds=0.8,
        expected="3",
        observed="1\x00",
        changed=0.5,
    ),
    Outcome(kind="action", title="kill", line=6, state="error", started=1.5, message="no such process"),
    Outcome(kind="expectation", title="expect more", line=7, state="skipped", started=1.5, message="not reached"),
    Outcome(kind="action", title="wait", line=8, state="skipped", started=1.5, message="not reached"),
    Outcome(kind="invariant", title="always", line=9, state="held", started=0.5, seconds=1.0),
    Outcome(kind="finally", title="expect at the end", line=10, state="held", started=1.5, expected="some"),
    Outcome(kind="finally", title="tidy", line=11, state="held", started=1.6),
]

EVENTS_OF_ALL = [
    Event(0.5, ADMIN, "1", 1.0),
    Event(0.1, STEPS, "scale <x>", None, 0.2, True),
    Event(0.0, GIVEN, "start the Admin", None, 0.3),
    Event(0.1, GIVEN, "start cluster test", None, 0.1),
    Event(0.7, ADMIN, "3", 3.0),
    Event(0.8, ADMIN, AWAY),
    Event(0.4, KUBERNETES, "1", 1.0),
    Event(0.5, "endpoints in gateway-1", "0", 0.0),
    Event(0.6, REQUESTS, "list /api 401", bad=True),
    Event(0.65, EVENTS, "MODIFIED pod/a"),
    Event(0.9, DISTURBANCES, "gateway-1 is down", None, 0.4),
]


def result(**changes):
    """A failed run of two seconds; `changes` replace parts of it."""
    [case] = cases(marks.parse(TEXT, Path("some.yaml")), Path("some.yaml"))
    timeline = Timeline()
    timeline.events += EVENTS_OF_ALL
    traffic = {"steady": [Sample(0.1 * n, 0.01, "200" if n else "503", "p") for n in range(20)]}
    values = {
        "state": "failed",
        "reason": "line 5: expect three",
        "seconds": 2.0,
        "outcomes": OUTCOMES,
        "traffic": traffic,
        "logs": {"admin": "it <said>"},
        **changes,
    }
    return Result(case=case, target="simulator", seed=7, timeline=timeline, **values)
