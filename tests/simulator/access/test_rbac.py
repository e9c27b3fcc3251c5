"""RBAC: rules, roles, bindings."""

from __future__ import annotations

import random

import pytest

from simulator import clock
from simulator.access import rbac
from simulator.access.bootstrap import bootstrap_roles
from simulator.access.rbac import Attributes, Authorizer, covers
from simulator.access.users import ANONYMOUS, User, service_account
from simulator.store.store import Store

GROUP = rbac.GROUP


@pytest.mark.parametrize(
    ("rule", "wanted", "allowed"),
    [
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}, Attributes("get", resource="pods"), True),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}, Attributes("list", resource="pods"), False),
        ({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}, Attributes("x", "g", "r", "s"), True),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}, Attributes("get", "", "pods", "log"), False),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods/log"]}, Attributes("get", "", "pods", "log"), True),
        (
            {"verbs": ["get"], "apiGroups": ["apps"], "resources": ["*/scale"]},
            Attributes("get", "apps", "x", "scale"),
            True,
        ),
        (
            {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"]},
            Attributes("get", resource="secrets", name="b"),
            False,
        ),
        ({"verbs": ["get"], "nonResourceURLs": ["/api/*"]}, Attributes("get", path="/api/v1"), True),
        ({"verbs": ["get"], "nonResourceURLs": ["/version"]}, Attributes("get", path="/versions"), False),
    ],
)
def test_a_rule_covers(rule: dict[str, list[str]], wanted: Attributes, allowed: bool) -> None:
    assert covers(rule, wanted) is allowed


def bound(store: Store, role: str, namespace: str = "", subject: dict[str, str] | None = None) -> None:
    subject = subject or {"kind": "ServiceAccount", "name": "reader", "namespace": "default"}
    reference = {"apiGroup": GROUP, "kind": "ClusterRole", "name": role}
    metadata = {"name": role, **({"namespace": namespace} if namespace else {})}
    row = rbac.ROLE_BINDINGS if namespace else rbac.CLUSTER_ROLE_BINDINGS
    store.create(row, {"metadata": metadata, "roleRef": reference, "subjects": [subject]})


def test_a_binding_acts_at_once_in_its_namespace_and_ends_with_its_deletion() -> None:
    store = Store(clock, random.Random(1))
    bootstrap_roles(store)
    authorizer, reader = Authorizer(store), service_account("default", "reader")
    here, there = (Attributes("list", resource="pods", namespace=name) for name in ("default", "other"))
    assert not authorizer.allows(reader, here)[0]
    bound(store, "view", "default")
    assert authorizer.allows(reader, here) == (
        True, 'RBAC: allowed by RoleBinding "view/default" of ClusterRole "view" to ServiceAccount "reader/default"',
    )  # fmt: skip
    assert not authorizer.allows(reader, there)[0]
    store.delete(rbac.ROLE_BINDINGS, "default", "view")
    assert not authorizer.allows(reader, here)[0]


def test_an_aggregated_role_has_the_rules_of_those_it_selects() -> None:
    store = Store(clock, random.Random(1))
    selector = {"clusterRoleSelectors": [{"matchLabels": {"part": "yes"}}]}
    store.create(rbac.CLUSTER_ROLES, {"metadata": {"name": "sum"}, "aggregationRule": selector, "rules": []})
    rules = [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]
    store.create(rbac.CLUSTER_ROLES, {"metadata": {"name": "part", "labels": {"part": "yes"}}, "rules": rules})
    bound(store, "sum", subject={"kind": "Group", "name": "readers"})
    assert Authorizer(store).allows(User("x", "", ("readers",)), Attributes("get", resource="pods"))[0]


def test_everybody_may_ask_for_the_version_and_only_the_known_may_discover() -> None:
    store = Store(clock, random.Random(1))
    bootstrap_roles(store)
    authorizer = Authorizer(store)
    assert authorizer.allows(ANONYMOUS, Attributes("get", path="/version"))[0]
    assert not authorizer.allows(ANONYMOUS, Attributes("get", path="/apis"))[0]
    assert authorizer.allows(service_account("default", "x"), Attributes("get", path="/apis"))[0]
