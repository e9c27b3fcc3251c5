"""Reports of runs: `junit.xml`, `report.json`, and `report.html`, one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scenarios.report import html, json, junit
from scenarios.runner import Result


def write(folder: Path, results: Sequence[Result]) -> None:
    """Write all reports into `folder`, which is made when it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "junit.xml").write_text(junit.render(results), encoding="utf-8")
    (folder / "report.json").write_bytes(json.render(results))
    (folder / "report.html").write_text(html.render(results), encoding="utf-8")
