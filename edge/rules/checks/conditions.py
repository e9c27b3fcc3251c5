"""What is wrong with a condition."""

from __future__ import annotations

from collections.abc import Iterator

from edge.model.rule import Condition, Operator, Variable
from edge.rules import limits, names, networks, variables
from edge.rules.conditions import NUMERIC, number, wildcard_pattern
from edge.rules.expressions import Expression, PatternError
from edge.rules.problem import Problem, shown, under

ADDRESSES: tuple[Variable, ...] = (
    "client-address",
    "server-address",
    "first-x-forwarded-address",
    "last-x-forwarded-address",
    "host",
    "header",
    "query",
    "cookie",
)
"""Variables that can hold an IP address."""
NUMBERS: tuple[Variable, ...] = ("http-version", "server-port", "header", "query", "cookie")
"""Variables that can hold a number."""
_PARTS: tuple[Operator, ...] = ("prefix", "suffix", "contains", "contains-word")


def count_conditions(condition: Condition, depth: int = 0) -> int:
    """A condition with all that are inside it, as deep as groups may go."""
    members = condition.members if depth < limits.DEPTH else ()
    return 1 + sum(count_conditions(member, depth + 1) for member in members)


def check_condition(condition: Condition, depth: int = 0) -> Iterator[Problem]:
    """Every problem, with fields like `values[1]` and `any[0].values[1]`. `depth` is how many groups it is in."""
    if condition.is_group:
        yield from _check_group(condition, depth)
        return
    missing = [field for field in ("variable", "operator") if getattr(condition, field) is None]
    if missing:
        for field in missing:
            yield Problem(field, "is required; or give a group of conditions in any, all or not")
        return
    yield from _check_argument(condition)
    yield from _check_operator(condition)
    yield from _check_count(condition)
    for index, value in enumerate(condition.values):
        message = _value_problem(condition, value)
        if message is not None:
            yield Problem(f"values[{index}]", message)


def _check_group(condition: Condition, depth: int) -> Iterator[Problem]:
    if depth >= limits.DEPTH:
        yield Problem("", f"groups go at most {limits.DEPTH} deep")
        return
    kinds = {"any": condition.any_of, "all": condition.all_of, "not": condition.not_}
    given = [name for name, members in kinds.items() if members]
    if len(given) > 1:
        yield Problem(given[1], f"a group has one of any, all and not, but here are {' and '.join(given)}")
    for field in ("variable", "operator", "values", "argument", "negate", "ignore_case"):
        if getattr(condition, field):
            yield Problem(field, "a group has no fields of its own; put them into its conditions")
    for name, members in (("any", condition.any_of), ("all", condition.all_of)):
        for index, member in enumerate(members):
            yield from under(f"{name}[{index}]", check_condition(member, depth + 1))
    if condition.not_ is not None:
        yield from under("not", check_condition(condition.not_, depth + 1))


def _check_argument(condition: Condition) -> Iterator[Problem]:
    variable, argument = condition.variable, condition.argument
    if variable not in variables.WITH_ARGUMENT:
        if argument is not None:
            yield Problem("argument", f"the variable {variable} takes no argument, but got {shown(argument)}")
    elif not argument:
        yield Problem("argument", f"the variable {variable} needs an argument: the name of the {_named(variable)}")
    elif len(argument) > limits.NAME:
        yield Problem("argument", f"expected at most {limits.NAME} characters, but got {len(argument)}")
    elif variable != "query" and not names.is_header_name(argument):
        yield Problem("argument", f"{shown(argument)} is not a name that a {_named(variable)} can have")


def _named(variable: Variable) -> str:
    return "query argument" if variable == "query" else variable


def _check_operator(condition: Condition) -> Iterator[Problem]:
    variable, operator = condition.variable, condition.operator
    if operator == "in-network" and variable not in ADDRESSES:
        yield Problem("operator", f"in-network needs an address: use it with {', '.join(ADDRESSES)}, not {variable}")
    if operator in NUMERIC and variable not in NUMBERS:
        yield Problem("operator", f"{operator} compares numbers: use it with {', '.join(NUMBERS)}, not {variable}")


def _check_count(condition: Condition) -> Iterator[Problem]:
    count = len(condition.values)
    if condition.operator in ("exists", "is-empty"):
        if count:
            yield Problem("values", f"{condition.operator} takes no values; use equals to compare with one")
    elif not count:
        yield Problem("values", f"{condition.operator} needs at least one value")
    elif count > limits.VALUES:
        yield Problem("values", f"expected at most {limits.VALUES} values, but got {count}")
    elif condition.operator in ("matches", "wildcard"):
        yield from _check_together(condition)


def _check_together(condition: Condition) -> Iterator[Problem]:
    """The values of `matches` become one program: together they must fit, too."""
    if any(_value_problem(condition, value) is not None for value in condition.values):
        return
    try:
        Expression([_pattern(condition, value) for value in condition.values], ignore_case=condition.ignore_case)
    except PatternError as error:
        yield Problem("values", f"the expressions are too much together: {error}; split them over several rules")


def _value_problem(condition: Condition, value: str) -> str | None:
    if len(value) > limits.VALUE:
        return f"expected at most {limits.VALUE} characters, but got {len(value)}"
    match condition.operator:
        case "matches":
            return _expression_problem(value, condition.ignore_case)
        case "wildcard":
            return _wildcard_problem(value, condition.ignore_case)
        case "in-network":
            return _network_problem(value)
        case "greater" | "less" | "at-least" | "at-most" | "equals-number":
            return None if number(value) is not None else f"expected a number like 10 or 1.5, but got {shown(value)}"
        case "prefix" | "suffix" | "contains" | "contains-word" if value == "":
            return f"an empty value is in every text; use exists to ask whether there is a {condition.variable}"
        case "equals" | "prefix" if condition.variable == "path" and not value.startswith("/") and value != "*":
            return f"a path begins with a slash, so {shown(value)} never matches; write {shown('/' + value)}"
    return None


def _expression_problem(value: str, ignore_case: bool) -> str | None:
    if value == "":
        return "an empty expression matches every text; use exists to ask whether there is a value"
    try:
        Expression((value,), ignore_case=ignore_case)
    except PatternError as error:
        return f"expected an RE2 expression, but got {shown(value)}: {error}"
    return None


def _wildcard_problem(value: str, ignore_case: bool) -> str | None:
    try:
        Expression((wildcard_pattern(value),), ignore_case=ignore_case)
    except PatternError as error:
        return f"expected text with * and ?, but {shown(value)} is too much: {error}"
    return None


def _pattern(condition: Condition, value: str) -> str:
    return wildcard_pattern(value) if condition.operator == "wildcard" else value


def _network_problem(value: str) -> str | None:
    try:
        networks.parse(value)
    except ValueError as error:
        return str(error)
    return None
