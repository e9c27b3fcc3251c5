"""The agent's core, without I/O: a subscription towards the Admin whose receiver is the hub of its own workers.

The road of an endpoint: `Subscription` → `apply_source` → `Hub.publish_source` → every worker's socket, in one turn;
only then the disk is told that something changed, and nothing here waits.

What is reported upward is what the workers serve (`agent.reports`), not what was handed to them. A manifest is
settled once all workers serve it: until then, and for as long as one refuses an application, its older version is kept
and offered as fallback, so that a worker that is started again can serve it too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from edge.gateway.agent import reports
from edge.model.revision import NOTHING, Revision
from edge.model.source import Source, SourceState
from edge.wire.content import Content
from edge.wire.hub import Hub
from edge.wire.messages import Report
from edge.wire.subscription import Subscription

WORKERS = "workers"
"""The partition under which workers subscribe: theirs is whichever the server belongs to."""


START_WITHIN = 60.0
"""Seconds that a worker's process may take until it speaks."""


class Checks(Protocol):
    """Who checks endpoints."""

    def release(self, content: Content) -> None: ...
    def move(self, state: SourceState) -> None: ...


class Relay:
    """`workers` is how many there should be. `released` is called when a manifest was swapped in, `changed` when
    anything else is new that is worth keeping on disk, `stirred` when a worker reported or went, `leaving` when one
    begins to end and when it has, with its measures. `checks` are told what is served, to check it."""

    def __init__(
        self,
        workers: int,
        initial: Content | None = None,
        *,
        released: Callable[[], None] = lambda: None,
        changed: Callable[[], None] = lambda: None,
        stirred: Callable[[], None] = lambda: None,
        leaving: Callable[[str, bytes], None] = lambda name, measures: None,
        checks: Checks | None = None,
    ) -> None:
        self._workers = workers
        self._released = released
        self._changed = changed
        self._stirred = stirred
        self._checks = checks
        self._sources: dict[str, Source] = {}
        self.hub = Hub(
            on_report=self._reported,
            on_gone=self._gone,
            on_served=self._served,
            on_leaving=leaving,
            hello_within=START_WITHIN,
        )
        self.subscription = Subscription(self, initial, through=self._through)

    def __repr__(self) -> str:
        return f"<Relay {self.subscription!r} {self.hub!r}>"

    # what comes from the Admin

    def apply(self, content: Content) -> Mapping[str, str]:
        """Hand a manifest on. Nothing is refused here: the workers say what they refuse."""
        self._publish(content)
        if self._checks is not None:
            self._checks.release(content)
        self._released()
        return {}

    def apply_source(self, state: SourceState) -> None:
        """Hand endpoints on."""
        self.hub.publish_source(state)
        if self._checks is not None:
            self._checks.move(state)
        self._changed()

    def _publish(self, content: Content) -> None:
        for state in content.sources.values():
            self.hub.publish_source(state)
        self.hub.publish_manifest(
            content.manifest, content.documents, fallback=content.fallback, origin=content.origin, partition=WORKERS
        )
        for key, source in self._sources.items():
            if key not in content.sources:
                self.hub.forget_source(source)
        self._sources = {key: state.source for key, state in content.sources.items()}

    # what comes from the workers

    @property
    def ready(self) -> bool:
        """Whether every worker serves a snapshot."""
        served = [report for report in self.hub.reports.values() if report.manifest > NOTHING]
        return len(served) >= self._workers

    @property
    def up(self) -> bool:
        """Whether every worker has connected and serves what there is to serve."""
        if self.subscription.served.revision > NOTHING:
            return self.ready
        return len(self.hub.reports) >= self._workers

    def _through(self, own: Report) -> Report:
        return reports.slowest(own, reports.accepting(self.hub.reports.values()))

    def _reported(self, name: str, report: Report) -> None:
        self._settle()
        self.subscription.acknowledge()
        self._stirred()

    def _served(self, name: str, changed: Mapping[str, Revision]) -> None:
        workers = reports.accepting(self.hub.reports.values())
        for key in changed:
            self.subscription.acknowledge_source(key, reports.source_served(key, workers))

    def _gone(self, name: str) -> None:
        self.subscription.acknowledge()
        self._stirred()

    def _settle(self) -> None:
        manifest = self.subscription.served
        if manifest.revision == NOTHING:
            return
        workers = list(self.hub.reports.values())
        if len(workers) < self._workers or any(report.manifest != manifest.revision for report in workers):
            return
        refused = {application: reason for report in workers for application, reason in report.refused.items()}
        if self.subscription.settle(refused):
            self._publish(self.subscription.content)
            self._changed()
