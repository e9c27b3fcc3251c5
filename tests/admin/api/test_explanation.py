from typing import get_args

import msgspec
import pytest

from edge.admin.api.explanation import explain
from edge.admin.views import (
    GatewayClusterBody,
    JoinTokenBody,
    KubernetesClusterBody,
    PartitionBody,
    RuleBody,
    TokenBody,
    UpstreamBody,
    UserBody,
)
from edge.model.actions import Action

ACTION_TYPES = ", ".join(kind.__struct_config__.tag for kind in get_args(Action))
KUBERNETES = {"cluster": "c", "namespace": "n", "service": "s"}


@pytest.mark.parametrize(
    ("body", "value", "field", "message"),
    [
        (RuleBody, {"actions": [{"type": "redirect"}]}, "actions[0].url", "is required"),
        (RuleBody, {"actions": [{"upstream": "u"}]}, "actions[0].type", "is required"),
        (RuleBody, {}, "actions", "is required"),
        (RuleBody, {"actions": []}, "actions", "expected at least 1 entries, but got 0"),
        (
            RuleBody,
            {"actions": [{"type": "teleport"}]},
            "actions[0].type",
            f'expected one of {ACTION_TYPES}, but got "teleport"',
        ),
        (
            RuleBody,
            {"actions": [{"type": "redirect", "url": 5}]},
            "actions[0].url",
            "expected a string, but got a whole number",
        ),
        (
            RuleBody,
            {"actions": [{"type": "redirect", "url": "/", "state": 301}]},
            "actions[0].state",
            "is not a field here; expected one of url, status",
        ),
        (
            RuleBody,
            {"actions": [{"type": "respond"}], "conditions": [{"variable": "path", "operator": "likes"}]},
            "conditions[0].operator",
            "expected one of after, at-least, at-most, before, contains, contains-word, equals, equals-number, exists, "
            "greater, in-network, is-empty, less, matches, prefix, suffix, wildcard, "
            'but got "likes"',
        ),
        (RuleBody, {"actions": [5]}, "actions[0]", "expected an object, but got a whole number"),
        (
            RuleBody,
            {"actions": [{"type": "respond"}], "order": -1},
            "order",
            "expected a whole number of at least 0, but got -1",
        ),
        (RuleBody, [], None, "expected an object, but got a list"),
        (PartitionBody, {"name": ""}, "name", "expected at least 1 characters, but got 0"),
        (PartitionBody, {"name": "n" * 201}, "name", "expected at most 200 characters, but got 201"),
        (PartitionBody, {"name": None}, "name", "expected a string, but got null"),
        (GatewayClusterBody, {"name": "n"}, "partition", "is required"),
        (JoinTokenBody, {"uses": 0}, "uses", "expected a whole number of at least 1, but got 0"),
        (JoinTokenBody, {"uses": True}, "uses", "expected a whole number, but got true or false"),
        (
            TokenBody,
            {"name": "n", "role": "king"},
            "role",
            'expected one of admin, editor, releaser, viewer, but got "king"',
        ),
        (
            UpstreamBody,
            {"name": "n", "kubernetes": {**KUBERNETES, "port": 0}},
            "kubernetes.port",
            "expected a whole number of at least 1, but got 0",
        ),
        (
            UpstreamBody,
            {"name": "n", "kubernetes": [{**KUBERNETES, "port": []}]},
            "kubernetes[0].port",
            "expected a whole number or a string, but got a list",
        ),
        (
            UpstreamBody,
            {"name": "n", "kubernetes": "default/hello"},
            "kubernetes",
            "expected an object or a list or null, but got a string",
        ),
        (
            UpstreamBody,
            {"name": "n", "kubernetes": {**KUBERNETES, "port": 80, "zone": 1}},
            "kubernetes.zone",
            "is not a field here; expected one of cluster, namespace, service, port",
        ),
        (
            KubernetesClusterBody,
            {"name": "n", "host": "h", "connect_timeout": 0},
            "connect_timeout",
            "expected a number of more than 0.0, but got 0",
        ),
    ],
)
def test_an_explanation_names_the_field_what_was_expected_and_what_came(body, value, field, message):
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert(value, body)
    error = explain(raised.value, value, body)
    assert (error.status, error.field, error.message) == (422, field, message)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (UserBody, {"name": "n", "role": "admin", "password": "s3cr3t"}),
        (KubernetesClusterBody, {"name": "n", "host": "h", "token": "s3cr3t" * 20_000}),
        (KubernetesClusterBody, {"name": "n", "host": "h", "token": ["s3cr3t"]}),
    ],
)
def test_what_came_is_not_shown_where_it_may_be_a_secret(body, value):
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert(value, body)
    error = explain(raised.value, value, body)
    assert error.field in ("password", "token")
    assert "s3cr3t" not in error.message
