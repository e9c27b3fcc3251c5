import msgspec
import pytest

from edge.model.actions import (
    Action,
    BasicAuth,
    BasicUser,
    Cache,
    ClaimHeader,
    Compress,
    Cors,
    ErrorPage,
    ForwardAuth,
    IpAccess,
    JwtAuth,
    LimitBody,
    LimitConcurrency,
    LimitRate,
    Mirror,
    Proxy,
    Redirect,
    RemoveRequestHeader,
    RemoveResponseHeader,
    RequestId,
    Respond,
    Retries,
    RewritePath,
    SetRequestHeader,
    SetResponseHeader,
    WeightedUpstream,
)
from edge.model.document import ApplicationDocument
from edge.model.rule import Condition, Rule
from edge.model.source import Source
from edge.model.upstream import Hash, Server, Sticky, Upstream, UpstreamTls
from edge.rules import limits
from edge.rules.compile import compile_rules
from edge.rules.passwords import hash_password
from edge.rules.validate import document_problems, domain_problem, problems
from tests.gateway.tokens.signing import ec_key, pem, rsa_key

HASH = hash_password("a", b"0123456789abcdef", cost=10, lanes=1)
PRIVATE = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"
GOOD_CONDITIONS = [
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
GOOD_ACTIONS: list[Action] = [
    Redirect("https://${host}${path}", 301),
    Redirect("${scheme}://www.example.com/", 302),
    Redirect("${scheme}://${header.x-host}/", 303),
    Redirect("/new?${query-string}", 307),
    Redirect("${path}", 308),
    Redirect("https://www.example.com${path}"),
    Redirect("${path}?to=https://${query.to}"),
    Redirect("https://${host}:8443/${query.page}#${cookie.x}"),
    Respond(200, "hi ${client-address}\n\tthere", "text/plain; charset=utf-8"),
    Respond(204),
    Respond(599, "é"),
    IpAccess(allow=("10.0.0.0/8", "fd00::/8"), deny=("10.0.0.1",), status=444),
    ForwardAuth("u", "/verify?a=b%20c", (), ("X-User", "Authorization")),
    JwtAuth(("HS256", "HS512"), "sealed:AAAA", issuer="me", audience=("you",), required=(), leeway=300, realm="shop"),
    JwtAuth(("RS256", "PS512"), public_keys=pem(rsa_key()) + pem(rsa_key(1)), place="cookie", name="s", forward=False),
    JwtAuth(("ES256",), jwks_url="https://id.example:8443/keys?x=y", claims=(ClaimHeader("sub", "X-User"),)),
    BasicAuth((BasicUser("alice", HASH), BasicUser("b ø", HASH)), "the shop", True),
    Cors(("https://a.example", "https://*.a.example:8443", "http://[::1]:80", "*"), ("GET",), ("X-A",), ("X-B",)),
    ErrorPage((404, 502), "<p>${path}", "text/html", 200),
    Mirror("u", 0.05, 0),
    LimitRate(1),
    LimitBody(0),
    LimitBody(limits.UPLOAD),
    LimitConcurrency(1),
    LimitConcurrency(1_000_000, "all", 1000, 429),
    LimitRate(1_000_000, "hour", 1, "${header.x-key} ${path}", False, 503),
    LimitRate(10, delay=True, key="all"),
    LimitRate(1, "minute", 1, delay=True),
    Cache(),
    Cache(60, (200, 404), True, "${host}${path}", 300, 10_000),
    Compress(("gzip", "br"), ("text/*", "application/ld+json"), 0, 9),
    RewritePath("/", prefix="/a"),
    RewritePath("", prefix="/a b"),
    RewritePath("/$1/$0$$", matches=r"^/v(\d+)/"),
    SetRequestHeader("X-User", "${header.x-user} ${request-id}"),
    SetRequestHeader("Host", "backend.internal:8080"),
    SetRequestHeader("Host", "${header.x-tenant}.internal"),
    SetResponseHeader("Cache-Control", "no-store"),
    SetResponseHeader("X-Empty", ""),
    RemoveRequestHeader("X-Forwarded-For"),
    RemoveResponseHeader("Server"),
    RequestId(),
    RequestId("X-Correlation-Id", True, "uuid", True),
    Proxy("u"),
    Proxy("u", backup="v", timeout=3600, retries=Retries(10, 0.05, ("reset", "timeout"), (429, 503))),
    Proxy(upstreams=(WeightedUpstream("u", 9), WeightedUpstream("v", 0)), key="${header.x-user}", backup="u"),
]


def nested(depth):
    return Condition("path", "exists") if depth == 0 else Condition(not_=nested(depth - 1))


def fields(condition=None, action=None):
    conditions = () if condition is None else (condition,)
    actions = (action or Proxy("u"),)
    found = problems(Rule("r", conditions=conditions, actions=actions), ["u", "v"])
    assert all(problem.message for problem in found)
    return [problem.field for problem in found]


@pytest.mark.parametrize("condition", GOOD_CONDITIONS, ids=repr)
def test_a_condition_that_has_no_problem_compiles(condition):
    assert fields(condition) == []
    compile_rules([Rule("r", conditions=(condition,), actions=(Proxy("u"),))])


@pytest.mark.parametrize("action", GOOD_ACTIONS, ids=repr)
def test_an_action_that_has_no_problem_compiles(action):
    assert fields(action=action) == []
    compile_rules([Rule("r", actions=(action,))])


@pytest.mark.parametrize(
    ("condition", "field"),
    [
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
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_wrong_condition_is_refused_at_its_field(condition, field):
    assert fields(condition) == [f"conditions[0].{field}"]


@pytest.mark.parametrize(
    ("action", "field"),
    [
        (Proxy("other"), "upstream"),
        (Proxy(), "upstream"),
        (Proxy("u", (WeightedUpstream("v"),)), "upstream"),
        (Proxy(upstreams=(WeightedUpstream("u"), WeightedUpstream("other"))), "upstreams[1].upstream"),
        (Proxy(upstreams=(WeightedUpstream("u", 1001),)), "upstreams[0].weight"),
        (Proxy(upstreams=(WeightedUpstream("u", 0), WeightedUpstream("v", 0))), "upstreams"),
        (Proxy(upstreams=(WeightedUpstream("u"), WeightedUpstream("u"))), "upstreams"),
        (Proxy("u", key="${path}"), "key"),
        (Proxy(upstreams=(WeightedUpstream("u"), WeightedUpstream("v")), key="same"), "key"),
        (Proxy("u", backup="u"), "backup"),
        (Proxy("u", backup="other"), "backup"),
        (Proxy(upstreams=(WeightedUpstream("u"),), backup="u"), "backup"),
        (Proxy("u", timeout=0), "timeout"),
        (Proxy("u", timeout=float("nan")), "timeout"),
        (Proxy("u", retries=Retries(0)), "retries.attempts"),
        (Proxy("u", retries=Retries(11)), "retries.attempts"),
        (Proxy("u", retries=Retries(per_try_timeout=-1)), "retries.per_try_timeout"),
        (Proxy("u", retries=Retries(statuses=(503, 200))), "retries.statuses[1]"),
        (Redirect("https://a/", 300), "status"),
        (Redirect("https://a/", 200), "status"),
        (Redirect(""), "url"),
        (Redirect("www.example.com"), "url"),
        (Redirect("ftp://a/"), "url"),
        (Redirect("javascript:alert(1)"), "url"),
        (Redirect("//a/"), "url"),
        (Redirect("https://"), "url"),
        (Redirect("https:///x"), "url"),
        (Redirect("${scheme}://"), "url"),
        (Redirect("${header.x}"), "url"),
        (Redirect("/${path}"), "url"),
        (Redirect("https://${path}"), "url"),
        (Redirect("https://${query.next}/"), "url"),
        (Redirect("https://a.example${query-string}/"), "url"),
        (Redirect("${scheme}://a${cookie.x}?b"), "url"),
        (Redirect("https://a/${pth}"), "url"),
        (Redirect("https://a/ b"), "url"),
        (Redirect("https://a/é"), "url"),
        (Redirect("https://a/\\b"), "url"),
        (Redirect("https://a/\r\nX: 1"), "url"),
        (Redirect("https://a/\0"), "url"),
        (Redirect("https://a/" + "b" * limits.VALUE), "url"),
        (Respond(100), "status"),
        (Respond(199), "status"),
        (Respond(600), "status"),
        (Respond(204, "x"), "body"),
        (Respond(304, "x"), "body"),
        (Respond(200, "x" * (limits.BODY + 1)), "body"),
        (Respond(200, "${"), "body"),
        (Respond(200, "\0"), "body"),
        (Respond(200, "x", "text"), "content_type"),
        (Respond(200, "x", "text/plain\r\nX: 1"), "content_type"),
        (RewritePath("/", prefix="a"), "prefix"),
        (RewritePath("/", matches="("), "matches"),
        (RewritePath("/$1", matches="a"), "with"),
        (RewritePath("/$", matches="a"), "with"),
        (RewritePath("/?a=b", prefix="/a"), "with"),
        (RewritePath("/${host}", prefix="/a"), "with"),
        (RewritePath("/a\r\n", prefix="/a"), "with"),
        (RewritePath("/../b", prefix="/a"), "with"),
        (RewritePath("/%2e%2E/b", prefix="/a"), "with"),
        (RewritePath("/100%", prefix="/a"), "with"),
        (SetRequestHeader("", "x"), "name"),
        (SetRequestHeader("a b", "x"), "name"),
        (SetRequestHeader("a:b", "x"), "name"),
        (SetRequestHeader("a\r\nb", "x"), "name"),
        (SetRequestHeader("Content-Length", "1"), "name"),
        (SetResponseHeader("Transfer-Encoding", "chunked"), "name"),
        (RemoveResponseHeader("connection"), "name"),
        (SetRequestHeader("Upgrade", "h2c"), "name"),
        (SetRequestHeader("TE", "trailers"), "name"),
        (RemoveRequestHeader("Keep-Alive"), "name"),
        (RemoveRequestHeader("Trailer"), "name"),
        (SetRequestHeader("Proxy-Authorization", "x"), "name"),
        (RemoveRequestHeader("Via"), "name"),
        (RemoveRequestHeader("Host"), "name"),
        (SetResponseHeader("Host", "a"), "name"),
        (SetRequestHeader("X", "a\nb"), "value"),
        (SetRequestHeader("X", "a\rb"), "value"),
        (SetResponseHeader("X", "a\0b"), "value"),
        (SetResponseHeader("X", " a"), "value"),
        (SetResponseHeader("X", "${nothing}"), "value"),
        (SetResponseHeader("X", "x" * (limits.VALUE + 1)), "value"),
        (SetRequestHeader("Host", "http://a/"), "value"),
        (SetRequestHeader("Host", ""), "value"),
        (IpAccess(allow=("10.0.0.1/8",)), "allow[0]"),
        (IpAccess(deny=("10.0.0.0/8", "me")), "deny[1]"),
        (IpAccess(deny=("::1",) * (limits.NETWORKS + 1)), "deny"),
        (IpAccess(deny=("::1",), status=200), "status"),
        (BasicAuth(()), "users"),
        (ForwardAuth("other", "/"), "upstream"),
        *(
            (ForwardAuth("u", path), "path")
            for path in ("", "verify", "http://a.example/", "/a b", "/é", "/a#b", "/\r\nX: y")
        ),
        (ForwardAuth("u", "/", ("Host",)), "request_headers[0]"),
        (ForwardAuth("u", "/", response_headers=("X-A", "X_A")), "response_headers[1]"),
        (ForwardAuth("u", "/", response_headers=("Transfer-Encoding",)), "response_headers[0]"),
        (ForwardAuth("u", "/", ("X-A",) * 101), "request_headers"),
        (JwtAuth(()), "algorithms"),
        (JwtAuth(("HS256", "RS256"), "sealed:A"), "algorithms"),
        (JwtAuth(("RS256", "ES256"), jwks_url="https://a.example/"), "algorithms"),
        (JwtAuth(("HS256",)), "secret"),
        (JwtAuth(("HS256",), "in clear"), "secret"),
        (JwtAuth(("HS256",), "sealed:A", jwks_url="https://a.example/"), "jwks_url"),
        (JwtAuth(("HS256",), "sealed:A", public_keys=pem(rsa_key())), "public_keys"),
        (JwtAuth(("RS256",), "sealed:A", jwks_url="https://a.example/"), "secret"),
        (JwtAuth(("RS256",)), "public_keys"),
        (JwtAuth(("RS256",), public_keys=pem(rsa_key()), jwks_url="https://a.example/"), "public_keys"),
        (JwtAuth(("RS256",), public_keys="ssh-rsa AAAA"), "public_keys"),
        (JwtAuth(("RS256",), public_keys=pem(rsa_key()).replace("MII", "MIX")), "public_keys"),
        (JwtAuth(("RS256",), public_keys=PRIVATE), "public_keys"),
        (JwtAuth(("RS256",), public_keys=pem(ec_key())), "public_keys"),
        (JwtAuth(("ES384",), public_keys=pem(ec_key("P-256"))), "public_keys"),
        (JwtAuth(("RS256",), public_keys=pem(rsa_key()) * 9), "public_keys"),
        *(
            (JwtAuth(("RS256",), jwks_url=url), "jwks_url")
            for url in (
                "ftp://a.example/",
                "/keys",
                "https://",
                "https://a.example:x/",
                "https://a.example/a b",
                "https://u:p@a.example/",
                "https://a.example/#a",
                "http://a.example/\r\nX: y",
            )
        ),
        (JwtAuth(("RS256",), jwks_url="https://a.example/", leeway=301), "leeway"),
        (JwtAuth(("RS256",), jwks_url="https://a.example/", required=("",)), "required[0]"),
        (JwtAuth(("RS256",), jwks_url="https://a.example/", audience=("a",) * 101), "audience"),
        (JwtAuth(("RS256",), jwks_url="https://a.example/", name="X_Token"), "name"),
        (JwtAuth(("RS256",), jwks_url="https://a.example/", name="Cookie:"), "name"),
        (JwtAuth(("RS256",), jwks_url="https://a.example/", place="cookie", name="a b"), "name"),
        (JwtAuth(("RS256",), jwks_url="https://a.example/", place="query", name="t", forward=False), "forward"),
        *(
            (JwtAuth(("RS256",), jwks_url="https://a.example/", claims=(ClaimHeader("sub", name),)), "claims[0].header")
            for name in ("", "X User", "X_User", "Host", "Content-Length", "Connection", "Via", "Proxy-Authorization")
        ),
        (JwtAuth(("RS256",), jwks_url="https://a.example/", claims=(ClaimHeader("", "X-A"),)), "claims[0].claim"),
        (
            JwtAuth(
                ("RS256",), jwks_url="https://a.example/", claims=(ClaimHeader("a", "X-A"), ClaimHeader("b", "x-a"))
            ),
            "claims[1].header",
        ),
        (BasicAuth((BasicUser("a", HASH),) * 2), "users[1].name"),
        (BasicAuth((BasicUser("", HASH),)), "users[0].name"),
        (BasicAuth((BasicUser("a:b", HASH),)), "users[0].name"),
        (BasicAuth((BasicUser("a\n", HASH),)), "users[0].name"),
        (BasicAuth((BasicUser("a"),)), "users[0].password"),
        (BasicAuth((BasicUser("a", "in clear"),)), "users[0].password"),
        (BasicAuth((BasicUser("a", HASH),), 'a"b'), "realm"),
        (BasicAuth((BasicUser("a", HASH),), "a\r\nX: y"), "realm"),
        (BasicAuth((BasicUser("a", HASH),), ""), "realm"),
        (Cors(()), "origins"),
        (Cors(("www.example.com",)), "origins[0]"),
        (Cors(("https://a.example/",)), "origins[0]"),
        (Cors(("*",), credentials=True), "credentials"),
        (Cors(("*",), methods=("get",)), "methods[0]"),
        (Cors(("*",), headers=("a b",)), "headers[0]"),
        (Cors(("*",), expose=("a\r\nb",)), "expose[0]"),
        (Cors(("*",), max_age=-1), "max_age"),
        (Mirror("other"), "upstream"),
        (Mirror("u", 0.0), "share"),
        (Mirror("u", 1.1), "share"),
        (Mirror("u", max_body=-1), "max_body"),
        (LimitConcurrency(0), "limit"),
        (LimitConcurrency(1, "${"), "key"),
        (LimitConcurrency(1, queue=-1), "queue"),
        (LimitConcurrency(1, queue=limits.QUEUE + 1), "queue"),
        (LimitConcurrency(1, status=404), "status"),
        (LimitBody(-1), "size"),
        (LimitBody(limits.UPLOAD + 1), "size"),
        (RequestId("a b"), "header"),
        (RequestId("Connection"), "header"),
        (RequestId("Authorization", accept=True), "header"),
        (RequestId("X-Forwarded-For"), "header"),
        (RequestId(upstream_only=True), "upstream_only"),
        (LimitRate(0), "rate"),
        (LimitRate(1_000_001), "rate"),
        (LimitRate(10, burst=0), "burst"),
        (LimitRate(100, "hour", delay=True), "burst"),
        (LimitRate(1, burst=32, delay=True), "burst"),
        (LimitRate(1, key="${nothing}"), "key"),
        (LimitRate(1, key="x" * (limits.VALUE + 1)), "key"),
        (LimitRate(1, status=200), "status"),
        (Cache(ttl=-1), "ttl"),
        (Cache(override=True), "ttl"),
        (Cache(ttl=1, statuses=(200, 206)), "statuses[1]"),
        (Cache(key="${nothing}"), "key"),
        (Cache(key="all"), "key"),
        (Cache(stale_if_error=10**9), "stale_if_error"),
        (Cache(stale_while_revalidate=-1), "stale_while_revalidate"),
        (Cache(max_body=0), "max_body"),
        (Compress(()), "encodings"),
        (Compress(("br", "br")), "encodings[1]"),
        (Compress(types=()), "types"),
        (Compress(types=("text/html", "html")), "types[1]"),
        (Compress(types=("Text/html; charset=utf-8",)), "types[0]"),
        (Compress(min_size=-1), "min_size"),
        (Compress(level=10), "level"),
        (ErrorPage(()), "statuses"),
        (ErrorPage((502, 200)), "statuses[1]"),
        (ErrorPage((502,), "${nothing}"), "body"),
        (ErrorPage((502,), "x", "html"), "content_type"),
        (ErrorPage((502,), "x", status=100), "status"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_wrong_action_is_refused_at_its_field(action, field):
    assert fields(action=action) == [f"actions[0].{field}"]


def test_rewriting_takes_a_prefix_or_an_expression_and_not_both():
    assert fields(action=RewritePath("/")) == ["actions[0]"]
    assert fields(action=RewritePath("/", prefix="/a", matches="b")) == ["actions[0]"]


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


def test_a_split_is_bounded():
    many = tuple(WeightedUpstream(str(n)) for n in range(limits.ENTRIES + 1))
    found = problems(Rule("r", actions=(Proxy(upstreams=many),)), [each.upstream for each in many])
    assert [problem.field for problem in found] == ["actions[0].upstreams"]
