"""Edge with one part broken on purpose, each in a way that one of the invariants is there to catch."""

from __future__ import annotations

from msgspec.structs import replace

from edge.admin.kubernetes.clusters import Clusters
from edge.kube.endpoints import Reading
from edge.model.source import SourceState
from scenarios.explore.gateway import Worker
from scenarios.explore.playing import Parts


class WrongPort(Clusters):
    """Sends requests to the service's port instead of the pods'."""

    def _read(self, source, reading):
        endpoints = tuple(replace(one, port=source.port) for one in reading.endpoints)
        super()._read(source, Reading(endpoints, reading.warnings))


class Unconditional(Clusters):
    """Takes every endpoint for ready."""

    def _read(self, source, reading):
        endpoints = tuple(replace(one, ready=True, serving=True, terminating=False) for one in reading.endpoints)
        super()._read(source, Reading(endpoints, reading.warnings))


class KeepsRemoved(Worker):
    """Adds what is new and never takes away what is gone."""

    def apply_source(self, state):
        known = self.snapshot.sources.get(state.source.key)
        kept = {one.address: one for one in (known.endpoints if known else ())}
        kept |= {one.address: one for one in state.endpoints}
        super().apply_source(SourceState(state.source, state.revision, tuple(kept.values())))


class ForgetsItsGeneration(Clusters):
    """Begins every life with the same generation, as an Admin would that does not store it."""

    def __init__(self, **options):
        super().__init__(**{**options, "generation": 7})


class EmptiesOnError(Clusters):
    """Takes a refused or failed read for a cluster without pods."""

    def _judge(self, entry, trouble):
        super()._judge(entry, trouble)
        if trouble is not None and entry.held is not None:
            self._read(entry.source, Reading())


BROKEN = {
    "offered": Parts(clusters=WrongPort),
    "removed": Parts(worker=KeepsRemoved),
    "forward": Parts(clusters=ForgetsItsGeneration),
    "not emptied": Parts(clusters=EmptiesOnError),
    "settled": Parts(clusters=Unconditional),
}
"""Invariant → a house that breaks it."""
