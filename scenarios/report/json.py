"""The report for programs: outcomes, the whole timeline and traffic per second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from scenarios.report.lanes import per_interval
from scenarios.runner import Result


def render(results: Sequence[Result]) -> bytes:
    """`{"runs": […]}`, times in seconds since each run began."""
    return msgspec.json.format(msgspec.json.encode({"runs": [_run(result) for result in results]}), indent=1)


def _run(result: Result) -> dict[str, Any]:
    return {
        "title": result.case.title,
        "file": str(result.case.path),
        "parameters": result.case.parameters,
        "target": result.target,
        "seed": result.seed,
        "state": result.state,
        "reason": result.reason,
        "seconds": round(result.seconds, 3),
        "outcomes": result.outcomes,
        "traffic": {name: per_interval(samples, 1.0) for name, samples in result.traffic.items()},
        "timeline": sorted(result.timeline.events, key=lambda event: event.at),
    }
