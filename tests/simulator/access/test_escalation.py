"""Who may grant what: roles and bindings never give more than their writer has, unless escalate or bind allow it."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.access.escalation import not_held
from tests.simulator.api.client import Api

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROLES, BINDINGS = f"{RBAC}/namespaces/default/roles", f"{RBAC}/namespaces/default/rolebindings"
AS_EVE = {"impersonate-user": "eve"}
PODS = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
SECRETS = {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["secrets"]}


async def eves(*rules: dict[str, Any]) -> Api:
    """An API where eve may write roles and bindings, and has these rules beside."""
    api = Api()
    write = {"verbs": ["*"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"]}
    write["verbs"] = ["create", "update", "patch", "get"]
    await api.call("POST", f"{RBAC}/clusterroles", {"metadata": {"name": "eve"}, "rules": [write, *rules]})
    subject = {"kind": "User", "name": "eve"}
    reference = {"kind": "ClusterRole", "name": "eve"}
    made = {"metadata": {"name": "eve"}, "roleRef": reference, "subjects": [subject]}
    await api.call("POST", f"{RBAC}/clusterrolebindings", made)
    return api


def binding(role: str) -> dict[str, Any]:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    return {"metadata": {"name": "b"}, "roleRef": reference, "subjects": [{"kind": "User", "name": "eve"}]}


async def test_a_role_with_rights_its_writer_has_not_is_forbidden_and_says_which() -> None:
    api = await eves(PODS)
    allowed = await api.call("POST", ROLES, {"metadata": {"name": "mine"}, "rules": [PODS]}, AS_EVE)
    assert allowed.status == 201, allowed.body
    refused = await api.call("POST", ROLES, {"metadata": {"name": "more"}, "rules": [PODS, SECRETS]}, AS_EVE)
    assert (refused.status, refused.json()["message"]) == (
        403,
        'roles.rbac.authorization.k8s.io "more" is forbidden: user "eve" (groups=["system:authenticated"]) is '
        "attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
    )
    changed = await api.call("PUT", f"{ROLES}/mine", {"metadata": {"name": "mine"}, "rules": [SECRETS]}, AS_EVE)
    assert changed.status == 403
    labelled = {"metadata": {"name": "mine", "labels": {"a": "b"}}, "rules": [PODS]}
    assert (await api.call("PUT", f"{ROLES}/mine", labelled, AS_EVE)).status == 200


async def test_escalate_lets_a_role_give_more() -> None:
    escalate = {"verbs": ["escalate"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"]}
    api = await eves(escalate)
    made = await api.call("POST", ROLES, {"metadata": {"name": "more"}, "rules": [SECRETS]}, AS_EVE)
    assert made.status == 201


async def test_a_binding_needs_the_roles_rights_or_bind() -> None:
    api = await eves()
    refused = await api.call("POST", BINDINGS, binding("view"), AS_EVE)
    assert refused.status == 403
    assert "attempting to grant RBAC permissions not currently held" in refused.json()["message"]
    absent = await api.call("POST", BINDINGS, binding("nothing"), AS_EVE)
    assert (absent.status, absent.json()["message"]) == (
        404, 'clusterroles.rbac.authorization.k8s.io "nothing" not found',
    )  # fmt: skip
    bind = {"verbs": ["bind"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"]}
    api = await eves({**bind, "resourceNames": ["view"]})
    assert (await api.call("POST", BINDINGS, binding("view"), AS_EVE)).status == 201


async def test_masters_may_grant_everything() -> None:
    api = Api()
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    assert (await api.call("POST", ROLES, {"metadata": {"name": "all"}, "rules": [everything]})).status == 201


@pytest.mark.parametrize(
    ("owned", "wanted", "missing"),
    [
        ({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}, SECRETS, []),
        (SECRETS, {**SECRETS, "resourceNames": ["a"]}, []),
        (
            {**SECRETS, "resourceNames": ["a"]},
            SECRETS,
            ['{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}'],
        ),
        (
            {"verbs": ["get"], "nonResourceURLs": ["/api/*"]},
            {"verbs": ["get"], "nonResourceURLs": ["/api/v1", "/metrics"]},
            ['{NonResourceURLs:["/metrics"], Verbs:["get"]}'],
        ),
        (
            {"verbs": ["get"], "apiGroups": ["apps"], "resources": ["*/scale"]},
            {"verbs": ["get"], "apiGroups": ["apps"], "resources": ["deployments/scale"]},
            [],
        ),
    ],
)
def test_what_is_not_held(owned: dict[str, Any], wanted: dict[str, Any], missing: list[str]) -> None:
    assert not_held([owned], [wanted]) == missing
