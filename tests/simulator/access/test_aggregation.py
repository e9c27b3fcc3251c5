"""Aggregated ClusterRoles show the rules of those they select."""

from __future__ import annotations

from tests.simulator.api.client import Api

ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
WIDGETS = {"verbs": ["get"], "apiGroups": ["shop.example.com"], "resources": ["widgets"]}


async def test_a_new_part_is_in_view_edit_and_admin_at_once_and_gone_with_it() -> None:
    api = Api()
    labels = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    await api.call("POST", ROLES, {"metadata": {"name": "widgets-view", "labels": labels}, "rules": [WIDGETS]})
    for name in ("view", "edit", "admin"):
        assert WIDGETS in (await api.call("GET", f"{ROLES}/{name}")).json()["rules"]
    await api.call("DELETE", f"{ROLES}/widgets-view")
    for name in ("view", "edit", "admin"):
        assert WIDGETS not in (await api.call("GET", f"{ROLES}/{name}")).json()["rules"]


async def test_admin_may_everything_that_edit_and_view_may() -> None:
    api = Api()
    rules = {name: (await api.call("GET", f"{ROLES}/{name}")).json()["rules"] for name in ("view", "edit", "admin")}
    assert all(rule in rules["edit"] for rule in rules["view"])
    assert all(rule in rules["admin"] for rule in rules["edit"])
    assert any(rule["resources"] == ["rolebindings", "roles"] for rule in rules["admin"])
    assert not any("secrets" in rule["resources"] for rule in rules["view"])
