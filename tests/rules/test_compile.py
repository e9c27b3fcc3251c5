"""The index and the plans against the plainest reading of the rules: one after the other."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import clock
from edge.model.actions import (
    Proxy,
    Redirect,
    RemoveResponseHeader,
    Respond,
    RewritePath,
    SetRequestHeader,
    SetResponseHeader,
)
from edge.model.rule import Condition, Rule
from edge.rules.actions import compile_actions, decide
from edge.rules.compile import compile_rules, without_handlers
from edge.rules.conditions import compile_condition
from edge.rules.decision import Decision
from edge.rules.errors import BadRequestError
from edge.rules.index import Budget, Row, compile_index
from edge.rules.request import Request


def holds(condition, request):
    if condition.not_ is not None:
        return not holds(condition.not_, request)
    if condition.is_group:
        answers = [holds(member, request) for member in condition.members]
        return any(answers) if condition.any_of else all(answers)
    return compile_condition(condition).test(request)


def one_after_the_other(rules, request):
    effects = []
    for rule in rules:
        if rule.enabled and all(holds(condition, request) for condition in rule.conditions):
            more, terminal = compile_actions(rule, without_handlers)
            effects += more
            if terminal:
                return decide(effects, request, rule.id)
    return Decision()


PATHS = ["/", "/a", "/a/", "/a/b", "/ab", "/b", "/b/a", "/a/b/c", "*"]
HOSTS = ["h", "H", "www.h", "other"]
METHODS = ["GET", "POST", "get"]

flags = st.fixed_dictionaries({"negate": st.booleans(), "ignore_case": st.booleans()})
usual = st.fixed_dictionaries({"negate": st.just(False), "ignore_case": st.just(False)})


def condition(variable, operators, values):
    chosen = st.lists(st.sampled_from(values), min_size=1, max_size=3).map(tuple)
    return st.builds(
        lambda operator, values, more: Condition(variable, operator, values, **more),
        st.sampled_from(operators),
        chosen,
        usual | flags,
    )


conditions = st.one_of(
    condition("path", ["prefix"], ["/", "/a", "/a/b", "/b"]),
    condition("path", ["equals", "prefix"], PATHS),
    condition("path", ["equals", "prefix", "suffix", "contains", "matches"], PATHS[:-1]),
    condition("host", ["equals", "suffix"], HOSTS),
    condition("method", ["equals"], METHODS),
    condition("query-string", ["contains"], ["x", "y"]),
    st.sampled_from([Condition("path", "exists"), Condition("host", "exists", negate=True)]),
    st.sampled_from([Condition("query-string", "is-empty"), Condition("path", "is-empty", negate=True)]),
)
groups = st.recursive(
    conditions,
    lambda members: st.one_of(
        st.lists(members, min_size=1, max_size=3).map(lambda some: Condition(any_of=tuple(some))),
        st.lists(members, min_size=1, max_size=3).map(lambda some: Condition(all_of=tuple(some))),
        members.map(lambda one: Condition(not_=one)),
    ),
    max_leaves=5,
)
terminal = st.sampled_from(
    [Proxy("u"), Proxy("v"), Respond(200, "fixed"), Respond(200, "${path}"), Redirect("${path}")]
)
others = st.sampled_from(
    [
        SetResponseHeader("A", "1"),
        SetResponseHeader("A", "2"),
        SetResponseHeader("B", "${query-string}"),
        RemoveResponseHeader("A"),
        SetRequestHeader("C", "${method}"),
        RewritePath("/z", prefix="/a"),
    ]
)
actions = st.tuples(st.lists(others, max_size=2), st.lists(terminal, max_size=1)).map(lambda two: (*two[0], *two[1]))
rule_lists = st.lists(
    st.builds(
        lambda enabled, conditions, actions: Rule("", "", enabled, tuple(conditions), actions),
        st.sampled_from([True, True, True, False]),
        st.lists(conditions | groups, max_size=2),
        actions,
    ),
    max_size=12,
).map(lambda rules: [Rule(f"r{n}", r.name, r.enabled, r.conditions, r.actions) for n, r in enumerate(rules)])
requests = st.builds(
    lambda path, query, host, method: Request(target=path + query, host=host, method=method),
    st.sampled_from([*PATHS, "/a/x", "/a/b/c/d", "/c"]),
    st.sampled_from(["", "?x", "?y=1"]),
    st.sampled_from([*HOSTS, "a.www.h"]),
    st.sampled_from(METHODS),
)


@settings(max_examples=300, deadline=None)
@given(rule_lists, st.lists(requests, min_size=1, max_size=5), st.sampled_from([0, 10, 40, 100_000]))
def test_compiled_rules_decide_what_asking_one_after_the_other_decides(rules, asked, budget):
    rows = []
    for place, rule in enumerate(rules):
        if rule.enabled:
            checks = tuple(compile_condition(condition) for condition in rule.conditions)
            rows.append(Row(place, rule.id, checks, *compile_actions(rule, without_handlers)))
    compiled = compile_index(rows, Budget(budget)).decide
    for request in asked:
        assert compiled(request) == one_after_the_other(rules, request)


def rule(id, *actions, **conditions):
    return Rule(
        id, conditions=tuple(Condition(v, "prefix", (value,)) for v, value in conditions.items()), actions=actions
    )


def test_no_rule_is_404():
    assert compile_rules([]).decide(Request()) == Decision()
    assert compile_rules([rule("a", Proxy("u"), path="/a")]).decide(Request(target="/b")) == Decision()


def test_a_404_drops_what_came_together():
    decide = compile_rules(
        [rule("a", SetResponseHeader("X", "1")), rule("b", RewritePath("/", prefix="/a"), path="/a")]
    ).decide
    assert decide(Request(target="/b")) == decide(Request(target="/a")) == Decision()


def test_the_first_rule_that_ends_it_wins_even_when_a_later_one_is_more_exact():
    rules = [
        rule("wide", Proxy("wide"), path="/a"),
        Rule("exact", conditions=(Condition("path", "equals", ("/a/b",)),), actions=(Proxy("exact"),)),
    ]
    assert compile_rules(rules).decide(Request(target="/a/b")).upstream == "wide"
    assert compile_rules(rules[::-1]).decide(Request(target="/a/b")).upstream == "exact"


def test_a_rule_bound_to_a_shorter_prefix_is_asked_where_a_longer_one_matches_too():
    rules = [
        rule("1", SetResponseHeader("A", "1"), path="/a"),
        rule("2", SetResponseHeader("B", "2"), path="/a/b"),
        rule("3", Proxy("root"), path="/"),
        rule("4", Proxy("never"), path="/a/b/c"),
    ]
    decision = compile_rules(rules).decide(Request(target="/a/b/c/d"))
    assert decision == Decision("root", response_headers=((b"a", b"1"), (b"b", b"2")), rule="3")
    assert compile_rules(rules).decide(Request(target="/a/x")).response_headers == ((b"a", b"1"),)


def test_a_path_compared_without_case_is_found_in_any_case():
    equals = Rule("1", conditions=(Condition("path", "equals", ("/A",), ignore_case=True),), actions=(Proxy("u"),))
    prefix = Rule("2", conditions=(Condition("path", "prefix", ("/B",), ignore_case=True),), actions=(Proxy("v"),))
    decide = compile_rules([equals, prefix, rule("3", Proxy("w"), path="/")]).decide
    assert [decide(Request(target=target)).upstream for target in ("/a", "/A", "/b/c", "/B/c", "/c")] == list("uuvvw")


def test_what_always_matches_keeps_its_place_among_what_matched():
    rules = [
        rule("1", SetResponseHeader("A", "always")),
        rule("2", SetResponseHeader("A", "matched"), path="/a"),
        rule("3", SetResponseHeader("B", "always")),
        rule("4", SetResponseHeader("B", "matched"), path="/a"),
        rule("5", Proxy("u")),
    ]
    edits = ((b"a", b"matched"), (b"b", b"matched"))
    assert compile_rules(rules).decide(Request(target="/a")).response_headers == edits
    free = [
        *rules[:1],
        msgspec.structs.replace(rules[1], conditions=(Condition("query-string", "exists"),)),
        *rules[2:],
    ]
    assert compile_rules(free).decide(Request(target="/a?x")).response_headers == edits


def test_disabled_rules_do_not_run():
    off = Rule("off", enabled=False, actions=(Respond(500),))
    assert compile_rules([off, rule("on", Proxy("u"))]).decide(Request()).upstream == "u"


def test_actions_of_rules_that_match_add_up_in_order():
    rules = [
        rule("1", SetResponseHeader("A", "1"), SetResponseHeader("B", "1")),
        rule("2", SetResponseHeader("A", "2"), path="/a"),
        rule("3", SetResponseHeader("A", "3"), path="/b"),
        rule("4", SetResponseHeader("C", "4")),
        rule("5", Proxy("u")),
    ]
    decision = compile_rules(rules).decide(Request(target="/a"))
    assert decision == Decision("u", response_headers=((b"a", b"2"), (b"b", b"1"), (b"c", b"4")), rule="5")


def test_a_decision_that_is_the_same_for_every_request_is_made_once():
    rules = [rule("1", SetResponseHeader("A", "1")), rule("2", Proxy("u"), path="/a"), rule("3", Respond(404, "no"))]
    decide = compile_rules(rules).decide
    assert decide(Request(target="/a/1")) is decide(Request(target="/a/2?x"))
    assert decide(Request(target="/1")) is decide(Request(target="/2"))


def test_rules_that_cannot_be_compiled_are_named():
    with pytest.raises(ValueError, match="rule images: "):
        compile_rules([Rule("r", "images", conditions=(Condition("path", "matches", ("(",)),), actions=(Proxy("u"),))])


def test_a_client_s_fault_in_one_rule_is_found_only_when_that_rule_runs():
    decide = compile_rules([rule("1", SetResponseHeader("A", "${header.x}"), path="/a"), rule("2", Proxy("u"))]).decide
    headers = [(b"x", b"a\nb")]
    assert decide(Request(target="/b", headers=headers)).upstream == "u"
    with pytest.raises(BadRequestError):
        decide(Request(target="/a", headers=headers))


def asks_per_request(decide, request):
    """How often a rule's function is called: a count that does not depend on the machine."""
    import sys

    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        decide(request)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("variable", ["path", "host", "method"])
def test_ten_times_the_rules_do_not_make_a_request_dearer(variable):
    def many(count):
        return compile_rules(
            [
                Rule(
                    f"r{n}",
                    conditions=(
                        Condition(variable, "equals", (f"/{n}/",)),
                        Condition("header", "exists", argument="x", negate=True),
                    ),
                    actions=(Proxy(f"u{n}"),),
                )
                for n in range(count)
            ]
        ).decide

    key = {"path": {"target": "/7/"}, "host": {"host": "/7/"}, "method": {"method": "/7/"}}[variable]
    request = Request(**key)
    assert many(1000)(request).upstream == "u7"
    assert asks_per_request(many(1000), request) == asks_per_request(many(10), request) < 12


def test_the_most_rules_compile_in_seconds_even_where_no_index_helps():
    free = [
        Rule(f"f{n}", conditions=(Condition("path", "contains", (f"{n}",)),), actions=(Proxy("u"),))
        for n in range(2000)
    ]
    bound = [rule(f"b{n}", Proxy("v"), path=f"/{n}/") for n in range(2000)]
    started = clock.precise()
    decide = compile_rules([*free, *bound]).decide
    assert clock.precise() - started < 5
    assert decide(Request(target="/b/1999/")).upstream == "u"
