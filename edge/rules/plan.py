"""A plan: the rules that may still match, as steps to be walked in order.

A *step* is a rule with the tests that are left to be asked. Steps without a test always match: one that is not terminal
is folded into the steps after it, one that is terminal ends the plan. So walking asks tests only, and when a step's
whole decision is fixed and nothing else matched before it, the decision is one object made when the plan was.

A plan is the tuple of its steps. `walk` is the only code that runs for each request. It leaves the short road when a
rule matches whose effects must be added to others' or filled in from the request; then `_add_up` goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import dropwhile
from typing import Final, NamedTuple, TypeAlias

import msgspec

from edge.rules.actions import NO_REQUEST, Effect, decide
from edge.rules.conditions import Test
from edge.rules.decision import NOT_FOUND, Decision, Edits
from edge.rules.request import Request


class Candidate(NamedTuple):
    """A rule that may match: `tests` are its conditions that are not yet known to hold."""

    rule: str
    tests: tuple[Test, ...]
    effects: tuple[Effect, ...]
    terminal: bool


class Step(NamedTuple):
    """`test` is None for the last step, which always matches. `before` are the effects of all rules before it that
    always match; `decision` is what to decide when no other step matched before it, if that is known."""

    test: Test | None
    decision: Decision | None
    before: tuple[Effect, ...]
    effects: tuple[Effect, ...]
    terminal: bool
    rule: str


_LAST: Final = Step(None, NOT_FOUND, (), (), True, "")

Plan: TypeAlias = tuple[Step, ...]


class Known:
    """What the plans of an application share, which keeps a gateway of thousands of rules small. A rule is in many
    plans: `steps` are those that exist already, by candidate and by the effects before it. Many decisions hold the same
    `edits`."""

    __slots__ = ("edits", "steps")

    def __init__(self) -> None:
        self.steps: dict[Candidate, dict[tuple[Effect, ...], Step]] = {}
        self.edits: dict[Edits, Edits] = {}

    def share(self, decision: Decision) -> Decision:
        """The same decision with edits that exist already."""
        return msgspec.structs.replace(
            decision,
            request_headers=self.edits.setdefault(decision.request_headers, decision.request_headers),
            response_headers=self.edits.setdefault(decision.response_headers, decision.response_headers),
        )


def walk(plan: Plan, request: Request) -> Decision:
    """What the plan decides."""
    for step in plan:
        test = step[0]
        if test is None or test(request):
            decision = step[1]
            if decision is not None:
                return decision
            return _add_up(plan, step, request)
    raise AssertionError("the last step of a plan always matches")


def compile_plan(candidates: Iterable[Candidate], known: Known) -> Plan:
    """The plan of these rules, in this order."""
    steps: list[Step] = []
    before: tuple[Effect, ...] = ()
    for candidate in candidates:
        if candidate.tests:
            steps.append(_step(candidate, before, known))
        elif candidate.terminal:
            return (*steps, _step(candidate, before, known))
        else:
            before += candidate.effects
    return (*steps, _LAST)


def _step(candidate: Candidate, before: tuple[Effect, ...], known: Known) -> Step:
    made = known.steps.setdefault(candidate, {})
    step = made.get(before)
    if step is None:
        step = made[before] = _make_step(candidate, before, known)
    return step


def _make_step(candidate: Candidate, before: tuple[Effect, ...], known: Known) -> Step:
    test = _all(candidate.tests) if candidate.tests else None
    decision = None
    effects = (*before, *candidate.effects)
    if candidate.terminal and all(effect.fixed for effect in effects):
        decision = known.share(decide(effects, NO_REQUEST, candidate.rule))
    return Step(test, decision, before, candidate.effects, candidate.terminal, candidate.rule)


def _all(tests: tuple[Test, ...]) -> Test:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda request: first(request) and second(request)

    return lambda request: all(each(request) for each in tests)


def _add_up(steps: tuple[Step, ...], first: Step, request: Request) -> Decision:
    """Add up the effects of `first`, which matched, and of what matches after it."""
    effects: list[Effect] = []
    folded = 0
    for step in dropwhile(lambda step: step is not first, steps):
        if step.decision is NOT_FOUND:
            return NOT_FOUND
        if step is first or step.test is None or step.test(request):
            effects += step.before[folded:]
            folded = len(step.before)
            effects += step.effects
            if step.terminal:
                return decide(effects, request, step.rule)
    raise AssertionError("the last step of a plan always matches")
