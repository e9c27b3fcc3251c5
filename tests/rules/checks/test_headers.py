import pytest

from edge.model.actions import RemoveRequestHeader, RemoveResponseHeader, RequestId, SetRequestHeader, SetResponseHeader
from edge.rules import limits
from tests.rules.checks.checking import compiles, fields

GOOD = [
    SetRequestHeader("X-User", "${header.x-user} ${request-id}"),
    SetRequestHeader("Host", "backend.internal:8080"),
    SetRequestHeader("Host", "${header.x-tenant}.internal"),
    SetResponseHeader("Cache-Control", "no-store"),
    SetResponseHeader("X-Empty", ""),
    RemoveRequestHeader("X-Forwarded-For"),
    RemoveResponseHeader("Server"),
    RequestId(),
    RequestId("X-Correlation-Id", True, "uuid", True),
]
WRONG = [
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
    (RequestId("a b"), "header"),
    (RequestId("Connection"), "header"),
    (RequestId("Authorization", accept=True), "header"),
    (RequestId("X-Forwarded-For"), "header"),
    (RequestId(upstream_only=True), "upstream_only"),
]


@pytest.mark.parametrize("action", GOOD, ids=repr)
def test_an_action_that_has_no_problem_compiles(action):
    assert compiles(action=action)


@pytest.mark.parametrize(("action", "field"), WRONG, ids=lambda value: value if isinstance(value, str) else None)
def test_a_wrong_action_is_refused_at_its_field(action, field):
    assert fields(action=action) == [f"actions[0].{field}"]
