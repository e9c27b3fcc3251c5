from typing import get_args

import msgspec
import pytest

from edge.admin.console import action_fields
from edge.admin.console.action_fields import ACTIONS
from edge.model.actions import (
    Action,
    BasicAuth,
    BasicUser,
    Cache,
    ClaimHeader,
    Compress,
    Cors,
    ErrorPage,
    IpAccess,
    JwtAuth,
    LimitBody,
    LimitConcurrency,
    LimitRate,
    Mirror,
    Proxy,
    RequestId,
    Respond,
    RewritePath,
)


def test_every_action_of_the_model_has_its_fields_in_the_editor():
    for kind in get_args(Action):
        tag = kind.__struct_config__.tag
        fields = {field.encode_name for field in msgspec.structs.fields(kind)}
        assert {field.name for field in ACTIONS[tag]} == fields


@pytest.mark.parametrize(
    "action",
    [
        Proxy("u1"),
        Mirror("u1", 0.25, 10),
        Respond(418, "short\n", "text/plain"),
        RewritePath("", prefix="/a"),
        IpAccess(allow=("10.0.0.0/8", "::1/128")),
        BasicAuth((BasicUser("alice"), BasicUser("b c")), "shop", True),
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
        RequestId(),
        RequestId("X-Id", True, "uuid", True),
        LimitBody(0),
        LimitConcurrency(3, "${host}", 429),
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
