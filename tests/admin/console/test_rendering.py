from datetime import UTC, datetime

import pytest

from edge.admin.console.rendering import action_text, condition_text, moment, tone
from edge.model.rule import Condition, Proxy, Redirect, Respond, RewritePath, SetRequestHeader


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (Condition("path", "prefix", ("/a", "/b")), "path starts with /a or /b"),
        (Condition("header", "exists", argument="x-team", negate=True), "header x-team not exists"),
    ],
)
def test_a_condition_reads_as_a_sentence(condition, sentence):
    assert condition_text(condition) == sentence


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (Proxy("u1"), "proxy to backend"),
        (Proxy("gone"), "proxy to gone"),
        (Redirect("https://x/", 301), "redirect 301 to https://x/"),
        (Respond(410), "respond 410"),
        (RewritePath("/", prefix="/a"), "rewrite path /a to /"),
        (SetRequestHeader("X-A", "b"), "set request header X-A b"),
    ],
)
def test_an_action_reads_as_a_sentence(action, sentence):
    assert action_text(action, {"u1": "backend"}) == sentence


def test_an_unknown_state_is_not_coloured_as_good():
    assert [tone(state) for state in ("connected", "connecting", "tls_error", "new-state")] == [
        "good",
        "waiting",
        "bad",
        "bad",
    ]


def test_another_day_is_shown_with_its_date():
    assert moment(datetime(2020, 2, 3, 4, 5, tzinfo=UTC)) == "2020-02-03 04:05"
