import msgspec
import pytest

from edge.admin.drafts.action_wording import action_text
from edge.admin.drafts.wording import LONGEST, Names, condition_text, describe
from edge.model import (
    ApplicationDocument,
    Condition,
    Proxy,
    Redirect,
    RewritePath,
    Rule,
    Server,
    SetRequestHeader,
    Source,
    Upstream,
)  # fmt: skip
from edge.model.actions import (
    BasicAuth,
    BasicUser,
    Cache,
    Compress,
    ForwardAuth,
    JwtAuth,
    LimitBody,
    LimitConcurrency,
    LimitRate,
    Mirror,
    RequestId,
    Retries,
    WeightedUpstream,
)

NAMES = Names({"p": "eu", "q": "us"}, {"k": "test"})
SERVICE = Upstream(id="u", name="my kubernetes backend", sources=(Source("k", "default", "test-hello", 80),))
HAND = Upstream(id="v", name="by hand", servers=(Server("10.0.0.1", 80, 5), Server("b.example", 8080)))
ALL = Rule(id="r", name="all", actions=(Proxy("u"),))
API = Rule(
    id="s",
    enabled=False,
    conditions=(
        Condition("path", "prefix", ("/api", "/v1")),
        Condition("header", "contains", ("json",), "Accept", negate=True, ignore_case=True),
    ),
    actions=(RewritePath("/", prefix="/api"), SetRequestHeader("X-A", "geheim"), Redirect("https://x/", 301)),
)
EMPTY = ApplicationDocument(id="a", name="shop")
FULL = ApplicationDocument(
    id="a", name="store", domains=("a.example", "b.example"), partitions=("p",), default=True,
    upstreams=(SERVICE, HAND), rules=(ALL, API),
)  # fmt: skip


@pytest.mark.parametrize(
    ("thing", "added", "deleted"),
    [
        ("name", 'Rename the application to "store"', 'Rename the application to "shop"'),
        ("domains", "Add domains a.example, b.example", "Remove domains a.example, b.example"),
        ("partitions", "Add partition eu", "Remove partition eu"),
        ("default", "Answer hosts that no application names", "Stop answering hosts that no application names"),
        (
            "upstream:u",
            'Add upstream "my kubernetes backend": Kubernetes service default/test-hello:80 of test',
            'Delete upstream "my kubernetes backend"',
        ),
        (
            "upstream:v",
            'Add upstream "by hand": servers 10.0.0.1:80 weight 5, b.example:8080',
            'Delete upstream "by hand"',
        ),
        ("rule:r", 'Add page rule "all": proxy to my kubernetes backend', 'Delete page rule "all"'),
        (
            "rule:s",
            "Add page rule number 2: disabled: when path prefix /api or /v1 and header Accept not contains json, "
            "any case: rewrite the path /api to /; set request header X-A; redirect to https://x/ with 301",
            "Delete page rule number 2",
        ),
    ],
)
def test_a_change_is_a_sentence(thing, added, deleted):
    assert describe(thing, EMPTY, FULL, NAMES).text == added
    assert describe(thing, FULL, EMPTY, NAMES).text == deleted


def test_a_changed_upstream_tells_its_former_name():
    renamed = msgspec.structs.replace(
        FULL, upstreams=(msgspec.structs.replace(HAND, name="hand", servers=HAND.servers[:1]),)
    )
    text = describe("upstream:v", FULL, renamed, NAMES).text
    assert text == 'Change upstream "hand": server 10.0.0.1:80 weight 5, named "by hand" before'


def test_a_new_order_names_the_rules_in_it():
    turned = msgspec.structs.replace(FULL, rules=(API, ALL))
    found = describe("order", FULL, turned, NAMES)
    assert found.text == 'Order the page rules: number 1, "all"'
    assert (found.before, found.after) == (["r", "s"], ["s", "r"])


def test_before_and_after_are_what_the_api_shows():
    found = describe("rule:r", EMPTY, FULL, NAMES)
    assert found.before is None
    assert found.after == {
        "id": "r", "name": "all", "enabled": True, "conditions": [], "order": 0,
        "actions": [{"type": "proxy", "upstream": "u"}], "secrets": "",
    }  # fmt: skip
    after = describe("upstream:u", EMPTY, FULL, NAMES).after
    assert after["kubernetes"] == {"cluster": "k", "namespace": "default", "service": "test-hello", "port": 80}
    assert describe("domains", EMPTY, FULL, NAMES).after == ["a.example", "b.example"]


def test_domains_that_come_and_go_are_one_sentence_of_bounded_length():
    many = msgspec.structs.replace(FULL, domains=("b.example", *(f"host-{n}.example" for n in range(100))))
    text = describe("domains", FULL, many, NAMES).text
    assert text.startswith("Add domains host-0.example, ")
    assert len(text) == LONGEST
    one = msgspec.structs.replace(FULL, domains=("b.example", "c.example"))
    assert describe("domains", FULL, one, NAMES).text == "Add domain c.example; remove domain a.example"


def test_a_rule_without_any_text_of_values_shows_no_header_value():
    assert "geheim" not in describe("rule:s", EMPTY, FULL, NAMES).text


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (Compress(("br",)), "compress answers with br"),
        (Cache(), "cache answers for as long as they say"),
        (Cache(60), "cache answers for as long as they say, 60 s where they do not say"),
        (LimitConcurrency(5), "refuse requests beyond 5 at once from each client"),
        (LimitConcurrency(5, "${host}", 9), "refuse requests beyond 5 at once and 9 that wait for each ${host}"),
        (LimitBody(65536), "refuse bodies longer than 65,536 bytes"),
        (RequestId("X-Id"), "give the request id in X-Id"),
        (RequestId(accept=True), "take the request id from X-Request-Id"),
        (LimitRate(10), "refuse requests beyond 10 a second from each client"),
        (
            LimitRate(10, "hour", 1, "${header.x-key}", True),
            "delay requests beyond 10 an hour for each ${header.x-key}",
        ),
        (BasicAuth((BasicUser("alice", "$scrypt$"), BasicUser("bob"))), "ask for the password of alice, bob"),
        (ForwardAuth("u1", "/verify"), "ask by hand at /verify who may pass"),
        (JwtAuth(("RS256",), issuer="https://id.example"), "ask for a token signed with RS256 by https://id.example"),
        (Mirror("u1"), "send a copy of requests to by hand"),
        (
            Proxy("u1", backup="u2", retries=Retries(1), timeout=2.5),
            "proxy to by hand, else to u2, 1 attempt, within 2.5 s",
        ),
        (
            Proxy(upstreams=(WeightedUpstream("u1", 9), WeightedUpstream("u2")), key="${path}"),
            "proxy to by hand (9) and u2 (1), each ${path} to the same",
        ),
        (Mirror("u1", 0.125), "send a copy of 12.5% of requests to by hand"),
    ],
)
def test_what_an_action_does_is_said(action, text):
    assert action_text(action, {"u1": "by hand"}) == text


def test_a_group_of_conditions_is_said_with_its_members():
    get, path = Condition("method", "equals", ("GET",)), Condition("path", "prefix", ("/a",), negate=True)
    assert condition_text(Condition(any_of=(get, path))) == "any of (method equals GET; path not prefix /a)"
    assert condition_text(Condition(not_=Condition(all_of=(get,)))) == "not (all of (method equals GET))"
