"""Conditions compiled to functions of a request.

A condition holds when one of the variable's values satisfies the operator with one of the condition's values;
`negate` turns that, so a negated condition on a header that was not sent holds. `exists` asks whether there is a value
at all; for variables that every request has, whether it is not empty. `is-empty` asks whether there is none but empty
ones. `greater`, `less`, `at-least`, `at-most` and `equals-number` compare numbers; what is no number is none of these.
`before` and `after` compare texts by their characters.

A group asks its members in order until one decides. Nothing of it is known to the index: what is in a group is asked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from edge.model.rule import Condition, Operator
from edge.rules import variables
from edge.rules.expressions import Expression
from edge.rules.networks import Networks
from edge.rules.request import Request

Test: TypeAlias = Callable[[Request], bool]
Matcher: TypeAlias = Callable[[str], bool]


NUMERIC: tuple[Operator, ...] = ("greater", "less", "at-least", "at-most", "equals-number")
"""Operators that compare numbers."""


class Check(NamedTuple):
    """A compiled condition. `test` asks a request; `known` says what it would answer for a value of its variable, for
    variables that every request has."""

    condition: Condition
    test: Test
    known: Matcher | None


def compile_condition(condition: Condition) -> Check:
    """Raises ValueError (PatternError) for what `validate` would have refused."""
    if condition.is_group:
        return Check(condition, _group(condition), None)
    if condition.operator is None or condition.variable is None:
        raise ValueError("a condition needs a variable and an operator, or any, all or not")
    if condition.operator == "is-empty":
        return _is_empty(condition)
    matches = _is_there if condition.operator == "exists" else matcher(condition)
    test = _asking(condition, matches)
    known = matches if condition.variable in variables.ALWAYS else None
    if not condition.negate:
        return Check(condition, test, known)
    return Check(condition, lambda request: not test(request), known and (lambda value: not matches(value)))


def matcher(condition: Condition) -> Matcher:
    """Whether one value satisfies operator and values, `negate` aside; not for `exists` and `is-empty`."""
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


def wildcard_pattern(value: str) -> str:
    """A wildcard as an expression: `*` is any text, `?` one character, all else itself."""
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", value))
    return f"^(?s:{''.join(parts)})$"


def _group(condition: Condition) -> Test:
    tests = tuple(compile_condition(member).test for member in condition.members)
    if condition.not_ is not None:
        only = tests[0]
        return lambda request: not only(request)
    if condition.any_of:
        return lambda request: any(test(request) for test in tests)
    return lambda request: all(test(request) for test in tests)


def _is_there(value: str) -> bool:
    return value != ""


def _is_not_there(value: str) -> bool:
    return value == ""


def _is_empty(condition: Condition) -> Check:
    """There is no value, or only empty ones: no value is there that is not empty."""
    there = _asking(condition, _is_there)
    known = None
    if condition.variable in variables.ALWAYS:
        known = _is_there if condition.negate else _is_not_there
    return Check(condition, there if condition.negate else lambda request: not there(request), known)


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
    if condition.variable == "first-x-forwarded-address":
        return variables.forwarded_address(0)
    if condition.variable == "last-x-forwarded-address":
        return variables.forwarded_address(-1)
    return variables.header("user-agent" if condition.variable == "user-agent" else _argument(condition))


def _argument(condition: Condition) -> str:
    if not condition.argument:
        raise ValueError(f"the variable {condition.variable} needs an argument")
    return condition.argument


def _compile_matcher(condition: Condition, *, ignore_case: bool) -> Matcher:
    if condition.operator == "matches":
        search = Expression(condition.values, ignore_case=ignore_case).search
        return lambda value: search(value) is not None
    if condition.operator == "wildcard":
        search = Expression([wildcard_pattern(value) for value in condition.values], ignore_case=ignore_case).search
        return lambda value: search(value) is not None
    if condition.operator == "in-network":
        return Networks(condition.values).__contains__
    if condition.operator in NUMERIC:
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
        case "contains-word":
            return lambda value: any(_has_word(value, word) for word in values)
        case "before":
            last = max(values)  # before any of them
            return lambda value: value < last
        case "after":
            first = min(values)
            return lambda value: value > first
    raise ValueError(f"unknown operator {condition.operator}")


def _contains(values: Sequence[str]) -> Matcher:
    if len(values) == 1:
        only = values[0]
        return lambda value: only in value
    return lambda value: any(part in value for part in values)


def _has_word(text: str, word: str) -> bool:
    """Whether `word` is in the text with no letter, digit or underscore directly before or behind it."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if not (at and _is_of_word(text[at - 1])) and not (end < len(text) and _is_of_word(text[end])):
            return True
        at = text.find(word, at + 1)
    return False


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _numeric(condition: Condition) -> Matcher:
    limits = [limit for limit in map(number, condition.values) if limit is not None]
    if len(limits) != len(condition.values) or not limits:
        raise ValueError(f"{condition.operator} compares with numbers")
    least, most = min(limits), max(limits)  # greater than any of them is greater than the least
    match condition.operator:
        case "greater":
            return lambda value: (found := number(value)) is not None and found > least
        case "at-least":
            return lambda value: (found := number(value)) is not None and found >= least
        case "less":
            return lambda value: (found := number(value)) is not None and found < most
        case "at-most":
            return lambda value: (found := number(value)) is not None and found <= most
    return lambda value: number(value) in limits
