"""One report of several workers: a server is where its slowest worker is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from edge.model.manifest import ManifestEntry
from edge.model.revision import NOTHING, Revision
from edge.wire.messages import MISSING_SHOWN, Report


def accepting(reports: Iterable[Report]) -> list[Report]:
    """The workers that take requests: one that was started again does not before it serves something, unless
    nothing is served anywhere yet."""
    every = list(reports)
    return [report for report in every if report.manifest > NOTHING] or every


def slowest(own: Report, workers: Sequence[Report]) -> Report:
    """What the server serves: the oldest manifest, per application the oldest version, per source the oldest
    revision that any worker serves; what any of them misses or refuses. `own` is the agent's: what it has handed on
    or still waits for."""
    if not workers:
        return Report(own.target, missing=own.missing, origin=own.origin)
    oldest = min(workers, key=lambda report: report.manifest)
    return Report(
        target=own.target,
        manifest=oldest.manifest,
        applications=_applications(oldest, workers),
        refused={application: reason for report in workers for application, reason in report.refused.items()},
        missing=tuple(dict.fromkeys((*own.missing, *(m for w in workers for m in w.missing))))[:MISSING_SHOWN],
        sources={key: source_served(key, workers) for key in oldest.sources},
        origin=next((report.origin for report in workers if report.origin != "admin"), "admin"),
    )


def source_served(key: str, workers: Iterable[Report]) -> Revision:
    """The oldest revision of a source among the workers that serve it."""
    return min((report.sources[key] for report in workers if key in report.sources), default=NOTHING)


def _applications(oldest: Report, workers: Sequence[Report]) -> tuple[ManifestEntry, ...]:
    served = [{entry.application: entry for entry in report.applications} for report in workers]
    entries = (_oldest(entry.application, served, workers) for entry in oldest.applications)
    return tuple(entry for entry in entries if entry is not None)


def _oldest(
    application: str, served: Sequence[Mapping[str, ManifestEntry]], workers: Sequence[Report]
) -> ManifestEntry | None:
    """The oldest version; None where a worker refuses the application and has no older one."""
    found: list[ManifestEntry] = []
    for entries, report in zip(served, workers, strict=True):
        entry = entries.get(application)
        if entry is not None:
            found.append(entry)
        elif application in report.refused:
            return None
    return min(found, key=lambda entry: entry.version)
