import pytest

from edge.model.actions import Cache, Compress, Cors, ErrorPage
from tests.rules.checks.checking import compiles, fields

GOOD = [
    Cors(("https://a.example", "https://*.a.example:8443", "http://[::1]:80", "*"), ("GET",), ("X-A",), ("X-B",)),
    ErrorPage((404, 502), "<p>${path}", "text/html", 200),
    Cache(),
    Cache(60, (200, 404), True, "${host}${path}", 300, 10_000),
    Compress(("gzip", "br"), ("text/*", "application/ld+json"), 0, 9),
]
WRONG = [
    (Cors(()), "origins"),
    (Cors(("www.example.com",)), "origins[0]"),
    (Cors(("https://a.example/",)), "origins[0]"),
    (Cors(("*",), credentials=True), "credentials"),
    (Cors(("*",), methods=("get",)), "methods[0]"),
    (Cors(("*",), headers=("a b",)), "headers[0]"),
    (Cors(("*",), expose=("a\r\nb",)), "expose[0]"),
    (Cors(("*",), max_age=-1), "max_age"),
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
]


@pytest.mark.parametrize("action", GOOD, ids=repr)
def test_an_action_that_has_no_problem_compiles(action):
    assert compiles(action=action)


@pytest.mark.parametrize(("action", "field"), WRONG, ids=lambda value: value if isinstance(value, str) else None)
def test_a_wrong_action_is_refused_at_its_field(action, field):
    assert fields(action=action) == [f"actions[0].{field}"]
