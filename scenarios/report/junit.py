"""JUnit XML as CI systems read it: a suite per run, a case per step, expectation and invariant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from scenarios.runner import Result
from scenarios.timeline import Outcome

# what XML 1.0 cannot say, section 2.2
_UNSPEAKABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(results: Sequence[Result]) -> str:
    """The whole document."""
    suites = ElementTree.Element("testsuites", name="edge scenario")
    for result in results:
        _suite(suites, result)
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _suite(suites: ElementTree.Element, result: Result) -> None:
    count = {state: sum(o.state == state for o in result.outcomes) for state in ("failed", "error", "skipped")}
    suite = ElementTree.SubElement(
        suites,
        "testsuite",
        name=_text(result.case.title),
        tests=str(len(result.outcomes)),
        failures=str(count["failed"]),
        errors=str(count["error"]),
        skipped=str(count["skipped"]),
        time=f"{result.seconds:.3f}",
        file=str(result.case.path),
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("target", result.target), ("seed", str(result.seed))):
        ElementTree.SubElement(properties, "property", name=name, value=value)
    for outcome in result.outcomes:
        _case(suite, result, outcome)
    if result.state == "skipped":
        case = ElementTree.SubElement(suite, "testcase", name="all", classname=_text(result.case.title), time="0")
        ElementTree.SubElement(case, "skipped", message=_text(result.reason))
        suite.set("tests", "1")
        suite.set("skipped", "1")


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
