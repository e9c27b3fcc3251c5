import pytest

from edge.model.actions import BasicAuth, BasicUser, ForwardAuth
from edge.rules.passwords import hash_password
from tests.rules.checks.checking import compiles, fields

HASH = hash_password("a", b"0123456789abcdef", cost=10, lanes=1)
GOOD = [
    ForwardAuth("u", "/verify?a=b%20c", (), ("X-User", "Authorization")),
    BasicAuth((BasicUser("alice", HASH), BasicUser("b ø", HASH)), "the shop", True),
]
WRONG = [
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
    (BasicAuth((BasicUser("a", HASH),) * 2), "users[1].name"),
    (BasicAuth((BasicUser("", HASH),)), "users[0].name"),
    (BasicAuth((BasicUser("a:b", HASH),)), "users[0].name"),
    (BasicAuth((BasicUser("a\n", HASH),)), "users[0].name"),
    (BasicAuth((BasicUser("a"),)), "users[0].password"),
    (BasicAuth((BasicUser("a", "in clear"),)), "users[0].password"),
    (BasicAuth((BasicUser("a", HASH),), 'a"b'), "realm"),
    (BasicAuth((BasicUser("a", HASH),), "a\r\nX: y"), "realm"),
    (BasicAuth((BasicUser("a", HASH),), ""), "realm"),
]


@pytest.mark.parametrize("action", GOOD, ids=repr)
def test_an_action_that_has_no_problem_compiles(action):
    assert compiles(action=action)


@pytest.mark.parametrize(("action", "field"), WRONG, ids=lambda value: value if isinstance(value, str) else None)
def test_a_wrong_action_is_refused_at_its_field(action, field):
    assert fields(action=action) == [f"actions[0].{field}"]
