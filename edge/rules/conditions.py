"""Conditions compiled to functions of a request.

A condition holds when one of the variable's values satisfies the operator with one of the condition's values;
`negate` turns that, so a negated condition on a header that was not sent holds. `exists` asks whether there is a value
at all; for variables that every request has, whether it is not empty. `greater` and `less` compare numbers; what is no
number is neither.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from edge.model.rule import Condition
from edge.rules import variables
from edge.rules.expressions import Expression
from edge.rules.networks import Networks
from edge.rules.request import Request

Test: TypeAlias = Callable[[Request], bool]
Matcher: TypeAlias = Callable[[str], bool]


class Check(NamedTuple):
    """A compiled condition. `test` asks a request; `known` says what it would answer for a value of its variable, for
    variables that every request has."""

    condition: Condition
    test: Test
    known: Matcher | None


def compile_condition(condition: Condition) -> Check:
    """Raises ValueError (PatternError) for what `validate` would have refused."""
    matches = _is_there if condition.operator == "exists" else matcher(condition)
    test = _asking(condition, matches)
    known = matches if condition.variable in variables.ALWAYS else None
    if not condition.negate:
        return Check(condition, test, known)
    return Check(condition, lambda request: not test(request), known and (lambda value: not matches(value)))


def matcher(condition: Condition) -> Matcher:
    """Whether one value satisfies operator and values, `negate` aside; not for `exists`."""
    if condition.variable in variables.WITHOUT_CASE:
        return _compile_matcher(condition, ignore_case=True)
    return _compile_matcher(condition, ignore_case=condition.ignore_case)


def number(text: str) -> float | None:
    """A decimal number, None for anything else (also for `1_0`, `nan` and `inf`)."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and text.isascii() and "_" not in text else None


def _is_there(value: str) -> bool:
    return value != ""


def _asking(condition: Condition, matches: Matcher) -> Test:
    if condition.variable in variables.ALWAYS:
        always = variables.ALWAYS[condition.variable]
        return lambda request: matches(always(request))
    exists = condition.operator == "exists"
    if condition.variable in ("query", "cookie"):
        several = _several(condition)
        if exists:
            return lambda request: len(several(request)) > 0
        return lambda request: any(map(matches, several(request)))
    optional = _optional(condition)
    if exists:
        return lambda request: optional(request) is not None
    return lambda request: (value := optional(request)) is not None and matches(value)


def _several(condition: Condition) -> variables.Several:
    return (
        variables.query(_argument(condition))
        if condition.variable == "query"
        else variables.cookie(_argument(condition))
    )


def _optional(condition: Condition) -> variables.Optional:
    return variables.header("user-agent" if condition.variable == "user-agent" else _argument(condition))


def _argument(condition: Condition) -> str:
    if not condition.argument:
        raise ValueError(f"the variable {condition.variable} needs an argument")
    return condition.argument


def _compile_matcher(condition: Condition, *, ignore_case: bool) -> Matcher:
    if condition.operator == "matches":
        search = Expression(condition.values, ignore_case=ignore_case).search
        return lambda value: search(value) is not None
    if condition.operator == "in-network":
        return Networks(condition.values).__contains__
    if condition.operator in ("greater", "less"):
        return _numeric(condition)
    if not ignore_case:
        return _textual(condition, condition.values)
    matches = _textual(condition, tuple(value.lower() for value in condition.values))
    return lambda value: matches(value.lower())


def _textual(condition: Condition, values: tuple[str, ...]) -> Matcher:
    match condition.operator:
        case "equals" if len(values) == 1:
            return values[0].__eq__
        case "equals":
            return frozenset(values).__contains__
        case "prefix":
            return lambda value: value.startswith(values)
        case "suffix":
            return lambda value: value.endswith(values)
        case "contains":
            return _contains(values)
    raise ValueError(f"unknown operator {condition.operator}")


def _contains(values: Sequence[str]) -> Matcher:
    if len(values) == 1:
        only = values[0]
        return lambda value: only in value
    return lambda value: any(part in value for part in values)


def _numeric(condition: Condition) -> Matcher:
    limits = [limit for limit in map(number, condition.values) if limit is not None]
    if len(limits) != len(condition.values) or not limits:
        raise ValueError(f"{condition.operator} compares with numbers")
    if condition.operator == "greater":
        least = min(limits)  # greater than any of them
        return lambda value: (found := number(value)) is not None and found > least
    most = max(limits)
    return lambda value: (found := number(value)) is not None and found < most
