import pytest

from edge.model.actions import Mirror, Redirect, Respond, RewritePath
from edge.rules import limits
from tests.rules.checks.checking import compiles, fields

GOOD = [
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
    Mirror("u", 0.05, 0),
    RewritePath("/", prefix="/a"),
    RewritePath("", prefix="/a b"),
    RewritePath("/$1/$0$$", matches=r"^/v(\d+)/"),
]
WRONG = [
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
    (Mirror("other"), "upstream"),
    (Mirror("u", 0.0), "share"),
    (Mirror("u", 1.1), "share"),
    (Mirror("u", max_body=-1), "max_body"),
]


@pytest.mark.parametrize("action", GOOD, ids=repr)
def test_an_action_that_has_no_problem_compiles(action):
    assert compiles(action=action)


@pytest.mark.parametrize(("action", "field"), WRONG, ids=lambda value: value if isinstance(value, str) else None)
def test_a_wrong_action_is_refused_at_its_field(action, field):
    assert fields(action=action) == [f"actions[0].{field}"]


def test_rewriting_takes_a_prefix_or_an_expression_and_not_both():
    assert fields(action=RewritePath("/")) == ["actions[0]"]
    assert fields(action=RewritePath("/", prefix="/a", matches="b")) == ["actions[0]"]
