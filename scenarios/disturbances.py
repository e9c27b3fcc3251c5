"""What stands in Edge's way, and how long: faults that act, and processes that are down. For the report's lane."""

from __future__ import annotations

from collections.abc import Iterable

from scenarios.timeline import Event, Timeline

DISTURBANCES = "faults"


class Disturbances:
    """`now_are` is told what there is after every step; each becomes one span of the timeline."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._since: dict[str, float] = {}

    def now_are(self, names: Iterable[str]) -> None:
        """What is in the way now; whatever is not among them any more has just ended."""
        now, names = self._timeline.now(), list(names)
        for name in [name for name in self._since if name not in names]:
            began = self._since.pop(name)
            self._timeline.events.append(Event(began, DISTURBANCES, name, None, now - began))
        for name in names:
            self._since.setdefault(name, now)
