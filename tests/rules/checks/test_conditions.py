import msgspec
import pytest

from edge.model.rule import Condition
from edge.rules import limits
from tests.rules.checks.checking import compiles, fields

GOOD = [
    Condition("path", "equals", ("/a", "*")),
    Condition("path", "matches", (r"^/v\d+/", "x$"), ignore_case=True),
    Condition("query-string", "equals", ("",)),
    Condition("query", "greater", ("10", "-1.5"), "page"),
    Condition("header", "exists", argument="X-A", negate=True),
    Condition("cookie", "contains", ("a",), "session"),
    Condition("client-address", "in-network", ("10.0.0.0/8", "::1", "fd00::/8")),
    Condition("http-version", "less", ("1.1",)),
    Condition("user-agent", "suffix", ("x",)),
    Condition("method", "equals", ("GET",)),
    Condition("host", "prefix", ("www.",)),
    Condition("scheme", "equals", ("https",)),
    Condition("server-port", "at-least", ("8000",)),
    Condition("sorted-query-string", "is-empty"),
    Condition("path", "wildcard", ("/*.php", "/[a]+(b)\\Qé ?")),
    Condition("user-agent", "contains-word", ("bot",)),
    Condition("first-x-forwarded-address", "in-network", ("10.0.0.0/8",)),
    Condition(any_of=(Condition("path", "exists"), Condition(not_=Condition(all_of=(Condition("host", "exists"),))))),
]


def nested(depth):
    return Condition("path", "exists") if depth == 0 else Condition(not_=nested(depth - 1))


WRONG = [
    (Condition("header", "exists"), "argument"),
    (Condition("query", "equals", ("x",), ""), "argument"),
    (Condition("cookie", "exists", argument="a b"), "argument"),
    (Condition("header", "exists", argument="x" * 257), "argument"),
    (Condition("path", "exists", argument="x"), "argument"),
    (Condition("path", "in-network", ("10.0.0.0/8",)), "operator"),
    (Condition("method", "greater", ("1",)), "operator"),
    (Condition("path", "exists", ("x",)), "values"),
    (Condition("path", "equals"), "values"),
    (Condition("path", "equals", ("/a",) * (limits.VALUES + 1)), "values"),
    (Condition("path", "equals", ("/a", "b")), "values[1]"),
    (Condition("path", "prefix", ("",)), "values[0]"),
    (Condition("user-agent", "contains", ("a", "")), "values[1]"),
    (Condition("path", "matches", ("a", "(")), "values[1]"),
    (Condition("path", "matches", ("",)), "values[0]"),
    (Condition("path", "matches", ("(?=a)",)), "values[0]"),
    (
        Condition("path", "matches", tuple(f"{n}a{{1000}}b{{1000}}c{{1000}}d{{1000}}e{{1000}}" for n in range(30))),
        "values",
    ),
    (Condition("path", "matches", (r"\pL{1000}",)), "values[0]"),
    (Condition("client-address", "in-network", ("10.0.0.1/8",)), "values[0]"),
    (Condition("client-address", "in-network", ("local",)), "values[0]"),
    (Condition("http-version", "greater", ("one",)), "values[0]"),
    (Condition("path", "suffix", ("x" * (limits.VALUE + 1),)), "values[0]"),
    (Condition("path", "is-empty", ("x",)), "values"),
    (Condition("path", "contains-word", ("",)), "values[0]"),
    (Condition("path", "wildcard", ("*" * 2000 + "." * 2000,)), "values[0]"),
    (Condition("path", "at-most", ("1",)), "operator"),
    (Condition("header", "equals-number", ("x",), "a"), "values[0]"),
    (Condition("server-port", "in-network", ("10.0.0.0/8",)), "operator"),
    (Condition(operator="exists"), "variable"),
    (Condition("path"), "operator"),
    (Condition(any_of=(Condition("path", "exists"), Condition("path", "equals"))), "any[1].values"),
    (Condition(all_of=(Condition(not_=Condition("header", "exists")),)), "all[0].not.argument"),
    (Condition(not_=Condition("path", "exists"), all_of=(Condition("path", "exists"),)), "not"),
    (Condition("path", any_of=(Condition("path", "exists"),)), "variable"),
    (Condition(negate=True, not_=Condition("path", "exists")), "negate"),
    (nested(limits.DEPTH + 1), "not.not.not.not"),
]


@pytest.mark.parametrize("condition", GOOD, ids=repr)
def test_a_condition_that_has_no_problem_compiles(condition):
    assert compiles(condition)


@pytest.mark.parametrize(("condition", "field"), WRONG, ids=lambda value: value if isinstance(value, str) else None)
def test_a_wrong_condition_is_refused_at_its_field(condition, field):
    assert fields(condition) == [f"conditions[0].{field}"]


def test_groups_go_as_deep_as_the_limit_and_count_with_what_is_in_them():
    assert fields(nested(limits.DEPTH)) == []
    many = Condition(any_of=(Condition("path", "exists"),) * limits.CONDITIONS)
    assert fields(many) == ["conditions"]


def test_a_plain_condition_is_written_as_it_always_was():
    written = b'{"variable":"path","operator":"prefix","values":["/"]}'
    assert msgspec.json.encode(Condition("path", "prefix", ("/",))) == written
    group = (
        b'{"any":[{"variable":"path","operator":"exists"},{"not":{"all":[{"variable":"path","operator":"exists"}]}}]}'
    )
    assert msgspec.json.encode(msgspec.json.decode(group, type=Condition)) == group
