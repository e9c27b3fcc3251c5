import pytest

from edge.model.actions import (
    Proxy,
    Redirect,
    RemoveRequestHeader,
    RemoveResponseHeader,
    Respond,
    RewritePath,
    SetRequestHeader,
    SetResponseHeader,
)
from edge.model.rule import Rule
from edge.rules.compile import compile_rules
from edge.rules.decision import Answer, Decision
from edge.rules.errors import BadRequestError
from edge.rules.request import Request


def decide(*actions, request=None):
    return compile_rules([Rule("r", actions=actions)]).decide(request or Request())


def test_a_proxy_action_names_the_upstream_and_leaves_the_target_as_sent():
    assert decide(Proxy("u"), request=Request(target="/a//b?x")) == Decision(upstream="u", rule="r")


def test_a_redirect_answers_with_a_location():
    request = Request(target="/a%20b?x=1", host="H:80")
    decision = decide(Redirect("https://${host}${path}?${query-string}", 301), request=request)
    assert decision.answer == Answer(301, location=b"https://h/a%20b?x=1")


def test_a_redirect_loses_the_question_mark_of_an_empty_query():
    decision = decide(Redirect("https://${host}${path}?${query-string}", 308), request=Request(target="/a", host="h"))
    assert decision.answer == Answer(308, location=b"https://h/a")


@pytest.mark.parametrize("target", ["//evil.example", "/%2F/evil.example", "/\\evil.example", "/%5cevil.example"])
def test_a_redirect_to_the_path_stays_on_this_host(target):
    answer = decide(Redirect("${path}", 301), request=Request(target=target)).answer
    assert answer is not None
    assert answer.location in (b"/evil.example", b"/%5Cevil.example")


def test_a_fixed_answer_has_its_status_body_and_type():
    assert decide(Respond(503, "closed")).answer == Answer(503, b"closed", b"text/plain")
    assert decide(Respond(204)).answer == Answer(204)
    filled = decide(Respond(200, "hi ${client-address}\n", "text/plain"), request=Request(client_address="192.0.2.1"))
    assert filled.answer == Answer(200, b"hi 192.0.2.1\n", b"text/plain")


def test_a_rewritten_path_keeps_the_query_string():
    decision = decide(RewritePath("/", prefix="/a"), Proxy("u"), request=Request(target="/a/b?x=%2F&y"))
    assert decision.target == b"/b?x=%2F&y"


def test_rewrites_add_up():
    actions = RewritePath("/b/", prefix="/a/"), RewritePath("/$1/c", matches="^/b/(.*)$"), Proxy("u")
    assert decide(*actions, request=Request(target="/a/x")).target == b"/x/c"


def test_a_rewrite_that_matches_nothing_leaves_the_target_as_sent():
    decision = decide(RewritePath("/", prefix="/a"), Proxy("u"), request=Request(target="/b//c"))
    assert decision.target is None


def test_headers_are_edited_by_lower_case_name_and_the_last_word_on_one_counts():
    decision = decide(
        SetRequestHeader("X-User", "${header.user}"),
        SetRequestHeader("X-Drop", "1"),
        RemoveRequestHeader("X-DROP"),
        SetResponseHeader("Server", "edge"),
        RemoveResponseHeader("X-Powered-By"),
        Proxy("u"),
        request=Request(headers=[(b"user", b"\xff")]),
    )
    assert decision.request_headers == ((b"x-user", b"\xff"), (b"x-drop", None))
    assert decision.response_headers == ((b"server", b"edge"), (b"x-powered-by", None))


def test_templates_see_the_request_as_the_client_sent_it():
    actions = RewritePath("/b", prefix="/a"), SetRequestHeader("X-Path", "${path}"), Proxy("u")
    assert decide(*actions, request=Request(target="/a")).request_headers == ((b"x-path", b"/a"),)


def test_actions_after_the_first_terminal_one_never_run():
    assert decide(Proxy("u"), SetResponseHeader("X", "1"), Proxy("v")) == Decision(upstream="u", rule="r")


def test_a_line_break_from_the_client_is_refused_as_the_client_s_fault():
    with pytest.raises(BadRequestError):
        decide(SetResponseHeader("X", "${header.a}"), Proxy("u"), request=Request(headers=[(b"a", b"b\r\nc")]))
