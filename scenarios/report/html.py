"""One self-contained page: what failed first, and for every run where its time went.

No script, no font, nothing from elsewhere; it reads well without colours (every state has a sign and a word), at any
width, in the dark, and from a keyboard: marks of the timelines are explained under the pointer by `<title>` elements,
and the same is there as text, in the tables of steps and events.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable, Sequence
from html import escape

from scenarios.report import timeline
from scenarios.runner import STEPS, Result
from scenarios.timeline import Outcome

SIGNS = {"held": "✓", "failed": "✗", "error": "✗", "skipped": "–", "running": "…"}
ORDER = ("failed", "error", "held", "skipped")
EVENTS_SHOWN = 2000
LEGEND = (("given", "given"), ("action", "action"), ("expectation", "expectation"), ("wrong", "failed"))


def render(results: Sequence[Result]) -> str:
    """The page."""
    ordered = sorted(enumerate(results), key=lambda item: ORDER.index(item[1].state))
    bad = sum(result.state in ("failed", "error") for result in results)
    title = f"{bad} of {len(results)} scenarios failed" if bad else f"{len(results)} scenarios"
    style = (importlib.resources.files("scenarios.report") / "style.css").read_text(encoding="utf-8")
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title} - Edge</title>',
            f"<style>{style}</style></head><body>{timeline.AWAY}<header><h1>Edge: {title}</h1>",
            _chips(results),
            "</header><main>",
            _index([(f"run-{index}", result) for index, result in ordered]),
            *(_run(f"run-{index}", result) for index, result in ordered),
            "</main></body></html>",
        ]
    )


def _chips(results: Sequence[Result]) -> str:
    count = {state: sum(result.state == state for result in results) for state in ORDER}
    chips = [f'<li class="{state}"><b>{SIGNS[state]} {number}</b> {state}' for state, number in count.items() if number]
    seconds = sum(result.seconds for result in results)
    return f'<ul class="chips">{"".join(chips)}<li>{_time(seconds)} of runs</ul>'


def _index(runs: Sequence[tuple[str, Result]]) -> str:
    longest = max((result.seconds for _, result in runs), default=0) or 1
    rows = []
    for anchor, result in runs:
        name = (
            f'<b class="{result.state}">{SIGNS[result.state]}</b> <a href="#{anchor}">{escape(result.case.title)}</a>'
        )
        reason = f"<br><small>{result.state}: {escape(result.reason)}</small>" if result.reason else ""
        share = 100 * result.seconds / longest
        kind = "wrong" if result.state in ("failed", "error") else "area"
        drawn = f'<svg aria-hidden="true"><rect class="{kind}" width="{share:.1f}%" height="10" rx="2"/></svg>'
        rows.append(f'<tr><td>{name}{reason}<td class="part">{drawn}<td class="n">{_time(result.seconds)}')
    head = '<tr><th scope="col">scenario<th class="part" scope="col"><th class="n" scope="col">took'
    return f"<table>{head}{''.join(rows)}</table>"


def _run(anchor: str, result: Result) -> str:
    bad = result.state in ("failed", "error")
    wrong = [outcome for outcome in result.outcomes if outcome.state in ("failed", "error")]
    about = f"<p>{escape(result.case.scenario.about)}</p>" if result.case.scenario.about else ""
    where = f"{result.case.path} on {result.target}, seed {result.seed}, {_time(result.seconds)}"
    parts = [
        f'<section id="{anchor}" class="{result.state}"><h2><b class="{result.state}">{SIGNS[result.state]}'
        f' {result.state}</b> {escape(result.case.title)}</h2><p class="quiet">{escape(where)}</p>{about}',
        f"<p>{escape(result.reason)}</p>" if result.state == "skipped" else "",
        *(_why(outcome) for outcome in wrong),
    ]
    if result.outcomes:
        parts += [timeline.lanes(result), _legend(), _steps(result.outcomes, bad), _events(result)]
    for name, text in result.logs.items():
        if bad and text:
            parts.append(f"<details><summary>log of {escape(name)}</summary><pre>{escape(text)}</pre></details>")
    return "".join([*parts, "</section>"])


def _why(outcome: Outcome) -> str:
    line = f"line {outcome.line}: " if outcome.line else ""
    said = [("said", outcome.message)] if outcome.message else _judged(outcome)
    rows = "".join(f"<dt>{name}<dd>{escape(text)}" for name, text in said)
    return f'<div class="why"><strong>{escape(line + outcome.title)}</strong><dl>{rows}</dl></div>'


def _judged(outcome: Outcome) -> Iterable[tuple[str, str]]:
    yield "expected", outcome.expected
    yield "observed", outcome.observed
    if outcome.changed is not None:
        yield "since", f"{outcome.changed:.2f} s into the run"


def _legend() -> str:
    return f'<p class="legend quiet">{"".join(f"<i style=background:var(--{_ink(k)})></i>{t}" for k, t in LEGEND)}</p>'


def _ink(kind: str) -> str:
    return {"action": "act", "expectation": "look", "wrong": "bad"}.get(kind, kind)


def _steps(outcomes: Sequence[Outcome], opened: bool) -> str:
    rows = "".join(
        f'<tr><td class="n">{outcome.started:.2f} s<td><b class="{outcome.state}">{SIGNS[outcome.state]}</b>'
        f' {escape(outcome.title)}<td class="n">{outcome.seconds:.2f} s'
        for outcome in outcomes
    )
    head = '<tr><th class="n" scope="col">at<th scope="col">step or invariant<th class="n" scope="col">took'
    is_open = " open" if opened else ""
    summary = f"{len(outcomes)} steps and invariants"
    return f"<details{is_open}><summary>{summary}</summary><table>{head}{rows}</table></details>"


def _events(result: Result) -> str:
    """The timeline's other lanes as text."""
    events = sorted((e for e in result.timeline.events if e.lane != STEPS), key=lambda event: event.at)
    shown = "\n".join(f"{event.at:9.3f} s  {event.lane}: {event.text}" for event in events[:EVENTS_SHOWN])
    if len(events) > EVENTS_SHOWN:
        shown += f"\n… and {len(events) - EVENTS_SHOWN} more, all in report.json"
    return f"<details><summary>{len(events)} events as text</summary><pre>{escape(shown)}</pre></details>"


def _time(seconds: float) -> str:
    return f"{int(seconds // 60)} min {seconds % 60:.0f} s" if seconds >= 120 else f"{seconds:.2f} s"
