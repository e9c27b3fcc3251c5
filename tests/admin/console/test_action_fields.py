from typing import get_args

import msgspec
import pytest

from edge.admin.console import action_fields
from edge.admin.console.action_fields import ACTIONS, OBJECTS
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
    RequestId,
    Respond,
    Retries,
    RewritePath,
    WeightedUpstream,
)


def test_every_action_of_the_model_has_its_fields_in_the_editor():
    for kind in get_args(Action):
        tag = kind.__struct_config__.tag
        fields = {field.encode_name for field in msgspec.structs.fields(kind)}
        assert {field.name.partition(".")[0] for field in ACTIONS[tag]} == fields


@pytest.mark.parametrize(
    "action",
    [
        Proxy("u1"),
        Proxy("u1", backup="u2", timeout=2.5, retries=Retries(2, 0.5, ("timeout",), (502, 503), True)),
        Proxy("u1", retries=Retries()),
        Proxy("u1", retries=Retries(conditions=())),
        Proxy(upstreams=(WeightedUpstream("u1", 9), WeightedUpstream("u2"), WeightedUpstream("u3", 0)), key="${path}"),
        Mirror("u1", 0.25, 10),
        Respond(418, "short\n", "text/plain"),
        RewritePath("", prefix="/a"),
        IpAccess(allow=("10.0.0.0/8", "::1/128")),
        BasicAuth((BasicUser("alice"), BasicUser("b c")), "shop", True),
        ForwardAuth("u1", "/verify?a=b", ("X-Token",), ("X-User", "X-Roles")),
        JwtAuth(
            ("RS256", "PS256"),
            jwks_url="https://id.example/keys",
            issuer="https://id.example",
            audience=("a", "b"),
            required=(),
            leeway=5,
            place="cookie",
            name="session",
            claims=(ClaimHeader("sub", "X-User"), ClaimHeader("https://id.example/roles", "X-Roles")),
            forward=False,
        ),
        Cors(origins=("https://a.example",), credentials=True, max_age=5),
        ErrorPage(statuses=(502, 503), body="  <p>sorry", status=200),
        Compress(("br",), ("text/html",), 10, 6),
        LimitRate(10, "minute", 5, "${host}", True, 503),
        LimitRate(10),
        LimitRate(10, key=""),
        LimitConcurrency(3, key=""),
        RequestId(),
        RequestId("X-Id", True, "uuid", True),
        LimitBody(0),
        LimitConcurrency(3, "${host}", 5, 429),
        Cache(60, (200, 404), True, "${path}", 10, 1000),
    ],
)
def test_an_action_survives_being_shown_and_read_back(action):
    assert msgspec.convert(action_fields.read(action_fields.shown(action)), Action, strict=False) == action


def test_a_field_left_empty_takes_the_actions_default():
    row = action_fields.posted("redirect", {"url": "/b", "status": " "})
    assert action_fields.read(row) == {"type": "redirect", "url": "/b"}


def test_a_user_without_a_password_keeps_it_and_one_with_it_gets_it():
    row = action_fields.posted("basic-auth", {"users": "alice\nbob: a:b \n\ncarol:", "realm": ""})
    assert action_fields.read(row)["users"] == [
        {"name": "alice"},
        {"name": "bob", "password": " a:b"},
        {"name": "carol", "password": ""},
    ]
    stored = BasicAuth((BasicUser("alice", "$scrypt$"),))
    assert action_fields.shown(stored)["users"] == "alice"


def test_a_box_that_was_not_sent_is_not_checked():
    assert action_fields.posted("cors", {})["credentials"] is False
    assert action_fields.posted("cors", {"credentials": "on"})["credentials"] is True


def test_every_field_of_an_object_is_in_the_editor():
    for name, model in OBJECTS.items():
        shown = [field.name for fields in ACTIONS.values() for field in fields if field.name.startswith(f"{name}.")]
        assert shown == [f"{name}.{field.encode_name}" for field in msgspec.structs.fields(model)]


def test_an_upstream_that_is_chosen_takes_the_place_of_weights_and_weights_alone_split():
    weights = {"upstreams-u1": "9", "upstreams-u2": " 1", "upstreams-u3": ""}
    split = action_fields.posted("proxy", {"upstream": "", **weights})
    assert action_fields.is_split(split)
    assert action_fields.read(split) == {
        "type": "proxy",
        "upstreams": [{"upstream": "u1", "weight": "9"}, {"upstream": "u2", "weight": "1"}],
    }
    one = action_fields.posted("proxy", {"upstream": "u1", **weights})
    assert msgspec.convert(action_fields.read(one), Action, strict=False) == Proxy("u1")


def test_a_fresh_action_says_nothing_of_what_is_folded_away():
    assert not action_fields.has_more(action_fields.empty("proxy"))
    assert not action_fields.is_split(action_fields.empty("proxy"))
    assert action_fields.has_more(action_fields.shown(Proxy("u1", timeout=1)))


def test_an_action_whose_kind_was_just_chosen_begins_with_its_defaults_and_keeps_what_both_need():
    sent = {"shown": "set-request-header", "name": "X-A", "value": "1"}
    assert action_fields.posted("jwt-auth", sent) == action_fields.empty("jwt-auth")
    assert action_fields.posted("jwt-auth", sent)["required"] == "exp"
    assert action_fields.posted("jwt-auth", sent)["forward"] is True
    assert action_fields.posted("set-response-header", sent)["value"] == "1"
    kept = action_fields.posted("forward-auth", {"shown": "mirror", "upstream": "u1", "share": "0.5"})
    assert (kept["upstream"], kept["request_headers"]) == ("u1", "Authorization\nCookie")


@pytest.mark.parametrize("kind", ACTIONS)
def test_what_was_shown_and_left_as_it_was_is_the_default(kind):
    row = action_fields.posted(kind, {"shown": "respond" if kind != "respond" else "redirect"})
    assert action_fields.read(row) == action_fields.read(action_fields.empty(kind))


@pytest.mark.parametrize("kind", ACTIONS)
def test_an_action_that_nobody_touched_says_what_it_said(kind):
    row = action_fields.empty(kind)
    sent = {name: "on" if value is True else value for name, value in row.items() if value}
    assert action_fields.read(action_fields.posted(kind, sent)) == action_fields.read(row)
