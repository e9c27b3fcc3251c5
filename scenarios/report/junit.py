"""JUnit XML as CI systems read it: a suite per run, a case per expectation and invariant.

An action is no test: it has a case only when it failed, and then it is an error, because no expectation is about it. A
run that was skipped, or that expects nothing, is one case, so that it is counted at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree

from scenarios.runner import Result
from scenarios.timeline import Outcome

# what XML 1.0 cannot say, section 2.2
_UNSPEAKABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(results: Sequence[Result]) -> str:
    """The whole document."""
    suites = ElementTree.Element("testsuites", name="edge scenario")
    every = [outcome for result in results for outcome in _suite(suites, result)]
    _count(suites, every, sum(result.seconds for result in results))
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _count(element: ElementTree.Element, outcomes: Sequence[Outcome], seconds: float) -> None:
    element.set("tests", str(len(outcomes)))
    for name, state in (("failures", "failed"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(sum(outcome.state == state for outcome in outcomes)))
    element.set("time", f"{seconds:.3f}")


def _suite(suites: ElementTree.Element, result: Result) -> list[Outcome]:
    suite = ElementTree.SubElement(suites, "testsuite", name=_text(result.case.title), file=str(result.case.path))
    suite.set("timestamp", datetime.fromtimestamp(result.timeline.began, UTC).isoformat(timespec="seconds"))
    outcomes = list(_tested(result))
    _count(suite, outcomes, result.seconds)
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("target", result.target), ("seed", str(result.seed))):
        ElementTree.SubElement(properties, "property", name=name, value=value)
    for outcome in outcomes:
        _case(suite, result, outcome)
    if result.state in ("failed", "error") and result.logs:
        logs = "\n".join(f"log of {name}:\n{text}" for name, text in result.logs.items() if text)
        ElementTree.SubElement(suite, "system-err").text = _text(logs)
    return outcomes


def _tested(result: Result) -> Iterator[Outcome]:
    """What has a case of its own."""
    found = [outcome for outcome in result.outcomes if _is_test(outcome)]
    yield from found
    if not found:
        yield Outcome(
            kind="given", title="all steps", state=result.state, seconds=result.seconds, message=result.reason
        )


def _is_test(outcome: Outcome) -> bool:
    if outcome.state in ("failed", "error"):
        return True
    return outcome.kind in ("expectation", "invariant") or (outcome.kind == "finally" and bool(outcome.expected))


def _case(suite: ElementTree.Element, result: Result, outcome: Outcome) -> None:
    line = f"line {outcome.line}: " if outcome.line else ""
    case = ElementTree.SubElement(
        suite,
        "testcase",
        name=_text(line + outcome.title),
        classname=_text(result.case.title),
        time=f"{outcome.seconds:.3f}",
    )
    if outcome.state in ("failed", "error"):
        text = _text(outcome.explain())
        kind = "failure" if outcome.state == "failed" else "error"
        ElementTree.SubElement(case, kind, message=text.splitlines()[0] if text else "").text = text
    elif outcome.state == "skipped":
        ElementTree.SubElement(case, "skipped", message=_text(outcome.message))


def _text(text: str) -> str:
    return _UNSPEAKABLE.sub("?", text)
