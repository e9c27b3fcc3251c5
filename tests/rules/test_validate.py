import msgspec
import pytest

from edge.model.actions import Proxy, Redirect, SetRequestHeader, SetResponseHeader
from edge.model.document import ApplicationDocument
from edge.model.rule import Condition, Rule
from edge.model.source import Source
from edge.model.upstream import Hash, Server, Sticky, Upstream, UpstreamTls
from edge.rules import limits
from edge.rules.validate import document_problems, domain_problem, problems


def test_all_problems_are_told_at_once():
    rule = Rule(
        "r",
        conditions=(Condition("path", "matches", ("(",)), Condition("header", "equals")),
        actions=(SetRequestHeader("a b", "\n"), Proxy("none")),
    )
    assert [problem.field for problem in problems(rule, ["u"])] == [
        "conditions[0].values[0]",
        "conditions[1].argument",
        "conditions[1].values",
        "actions[0].name",
        "actions[0].value",
        "actions[1].upstream",
    ]


def test_a_rule_does_something_and_nothing_after_it_ended():
    assert [problem.field for problem in problems(Rule("r"), [])] == ["actions"]
    rule = Rule("r", actions=(Proxy("u"), SetResponseHeader("X", "1")))
    assert [problem.field for problem in problems(rule, ["u"])] == ["actions[1]"]


def test_a_rule_has_a_bounded_number_of_conditions_and_actions():
    rule = Rule(
        "r",
        conditions=(Condition("path", "exists"),) * (limits.CONDITIONS + 1),
        actions=(SetResponseHeader("X", "1"),) * (limits.ACTIONS + 1),
    )
    assert [problem.field for problem in problems(rule, [])] == ["conditions", "actions"]


STATIC = Upstream("u", "static", servers=(Server("10.0.0.1", 80), Server("backend.internal", 8080, 0)))
KUBERNETES = Upstream(
    "k", "kubernetes", sources=(Source("c", "default", "hello", 80), Source("c", "ns", "hello", "http"))
)
GOOD = ApplicationDocument(
    "a",
    "shop",
    domains=("www.example.com", "*.example.com", "10.0.0.1", "[::1]", "xn--bcher-kva.example"),
    upstreams=(STATIC, KUBERNETES),
    rules=(Rule("r", actions=(Proxy("u"),)), Rule("s", actions=(Proxy("k"),))),
)


def of(**changes):
    return [problem.field for problem in document_problems(msgspec.structs.replace(GOOD, **changes))]


def test_a_good_application_has_no_problem():
    assert document_problems(GOOD) == []


@pytest.mark.parametrize(
    "domain",
    [
        "", "*", "*.", "a..b", "-a.b", "a b", "WWW.example.com", "bücher.example", "a.b:80", "http://a.b", "a.b/",
        "[::1", "[::0001]", "[10.0.0.1]", "::1", "a.*.b", "**.b", "a.b.", "x" * 64, "a\n", "a\0b",
    ],
)  # fmt: skip
def test_what_is_no_domain_is_refused_at_its_place(domain):
    assert of(domains=("good.example", domain)) == ["domains[1]"]


def test_a_domain_in_another_script_is_refused_with_what_clients_send():
    message = domain_problem("bücher.example")
    assert message is not None
    assert "xn--bcher-kva.example" in message


def test_a_domain_stands_once():
    assert of(domains=("a.b", "*.a.b", "a.b")) == ["domains[2]"]
    assert of(domains=tuple(f"d{n}.example" for n in range(limits.DOMAINS + 1))) == ["domains"]


@pytest.mark.parametrize(
    ("upstream", "field"),
    [
        (Upstream("u", "n"), ""),
        (Upstream("u", "n", STATIC.servers, KUBERNETES.sources), ""),
        (Upstream("u", " ", STATIC.servers), ".name"),
        (Upstream("u", "n", (Server("", 80),)), ".servers[0].host"),
        (Upstream("u", "n", (Server("a b", 80),)), ".servers[0].host"),
        (Upstream("u", "n", (Server("http://a", 80),)), ".servers[0].host"),
        (Upstream("u", "n", (Server("10.0.0.300", 80),)), ".servers[0].host"),
        (Upstream("u", "n", (Server("[::1]", 80),)), ".servers[0].host"),
        (Upstream("u", "n", (Server("a", 80), Server("b", 0))), ".servers[1].port"),
        (Upstream("u", "n", (Server("a", 65536),)), ".servers[0].port"),
        (Upstream("u", "n", (Server("a", 80, -1),)), ".servers[0].weight"),
        (Upstream("u", "n", STATIC.servers, tls=UpstreamTls(server_name="a b")), ".tls.server_name"),
        (Upstream("u", "n", sources=KUBERNETES.sources, tls=UpstreamTls()), ".tls.server_name"),
        (Upstream("u", "n", STATIC.servers, tls=UpstreamTls(ca_certificate="x")), ".tls.ca_certificate"),
        (Upstream("u", "n", STATIC.servers, balance=Hash("header")), ".balance.name"),
        (Upstream("u", "n", STATIC.servers, balance=Hash("header", "a b")), ".balance.name"),
        (Upstream("u", "n", STATIC.servers, balance=Hash("cookie", "a=b")), ".balance.name"),
        (Upstream("u", "n", STATIC.servers, balance=Hash("path", "x")), ".balance.name"),
        (Upstream("u", "n", STATIC.servers, balance=Sticky("")), ".balance.cookie"),
        (Upstream("u", "n", STATIC.servers, balance=Sticky("a;b")), ".balance.cookie"),
        (Upstream("u", "n", STATIC.servers, balance=Sticky("a", 0)), ".balance.ttl"),
        (Upstream("u", "n", STATIC.servers, balance=Sticky("a", limits.COOKIE_AGE + 1)), ".balance.ttl"),
        (Upstream("u", "n", STATIC.servers, slow_start=0), ".slow_start"),
        (Upstream("u", "n", STATIC.servers, slow_start=limits.SLOW_START + 1), ".slow_start"),
        (Upstream("u", "n", STATIC.servers, slow_start=9, balance=Hash("path")), ".slow_start"),
        (Upstream("u", "n", STATIC.servers, max_connections=0), ".max_connections"),
        (Upstream("u", "n", STATIC.servers, panic_threshold=101), ".panic_threshold"),
        (Upstream("u", "n", STATIC.servers, panic_threshold=-1), ".panic_threshold"),
        (Upstream("u", "n", STATIC.servers, prefer_zone=True), ".prefer_zone"),
        (Upstream("u", "n", sources=KUBERNETES.sources, prefer_zone=True, balance=Hash("path")), ".prefer_zone"),
        (Upstream("u", "n", sources=KUBERNETES.sources, prefer_zone=True, zone_minimum=0), ".zone_minimum"),
        (Upstream("u", "n", (Server("a", 80, 1001),)), ".servers[0].weight"),
        (Upstream("u", "n", (Server("a", 80), Server("a", 80, 2))), ".servers[1]"),
        (Upstream("u", "n", sources=(Source("", "ns", "s", 80),)), ".sources[0].cluster"),
        (Upstream("u", "n", sources=(Source("c", "Ns", "s", 80),)), ".sources[0].namespace"),
        (Upstream("u", "n", sources=(Source("c", "ns", "s/x", 80),)), ".sources[0].service"),
        (Upstream("u", "n", sources=(Source("c", "ns", "s", 0),)), ".sources[0].port"),
        (Upstream("u", "n", sources=(Source("c", "ns", "s", "80"),)), ".sources[0].port"),
        (Upstream("u", "n", sources=(Source("c", "ns", "s", "Http"),)), ".sources[0].port"),
        (Upstream("u", "n", sources=(Source("c", "ns", "s", 80),) * 2), ".sources[1]"),
    ],
    ids=str,
)
def test_a_wrong_upstream_is_refused_at_its_field(upstream, field):
    assert of(upstreams=(KUBERNETES, upstream)) == [f"upstreams[1]{field}"]


def test_upstream_ids_are_unique_and_rules_name_only_those_that_exist():
    assert of(upstreams=(STATIC, KUBERNETES, STATIC)) == ["upstreams[2].id"]
    assert of(upstreams=(STATIC,)) == ["rules[1].actions[0].upstream"]


def test_a_problem_of_a_rule_says_which_rule():
    bad = Rule("x", conditions=(Condition("path", "matches", ("a", "(")),), actions=(Redirect("x"), Redirect("/")))
    assert of(rules=(*GOOD.rules, bad)) == [
        "rules[2].conditions[0].values[1]",
        "rules[2].actions[0].url",
        "rules[2].actions[1]",
    ]


def test_an_application_is_bounded():
    assert of(rules=(Rule("r", actions=(Proxy("u"),)),) * (limits.RULES + 1)) == ["rules"]
    assert of(name=" ") == ["name"]
    many = tuple(Upstream(f"u{n}", "n", STATIC.servers) for n in range(limits.UPSTREAMS + 1))
    assert of(upstreams=many, rules=()) == ["upstreams"]
    assert of(
        upstreams=(Upstream("u", "n", tuple(Server("a", n) for n in range(1, limits.SERVERS + 2))),), rules=()
    ) == ["upstreams[0].servers"]
