"""RBAC: may this user do this? Roles, ClusterRoles (aggregated ones too) and their bindings, read from the store.

What applies to a subject is indexed once and thrown away when an RBAC object changes. Source of the rules:
k8s.io/component-helpers/auth/rbac/validation, plugin/pkg/auth/authorizer/rbac.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from simulator.access.users import User, account_of
from simulator.kinds.table import RESOURCES
from simulator.objects.record import Event
from simulator.objects.resource import Object
from simulator.objects.selectors import of_label_selector
from simulator.store.store import Store

GROUP = "rbac.authorization.k8s.io"
ROLES = RESOURCES.of(f"{GROUP}/v1", "Role")
CLUSTER_ROLES = RESOURCES.of(f"{GROUP}/v1", "ClusterRole")
ROLE_BINDINGS = RESOURCES.of(f"{GROUP}/v1", "RoleBinding")
CLUSTER_ROLE_BINDINGS = RESOURCES.of(f"{GROUP}/v1", "ClusterRoleBinding")
MASTERS = "system:masters"


class Attributes(NamedTuple):
    """What is asked: a verb on a resource, or on a path that is no resource."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


class Grant(NamedTuple):
    """One rule list that a binding gives a subject; ``namespace`` is empty for the whole cluster."""

    namespace: str
    rules: tuple[Object, ...]
    reason: str


class Authorizer:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._grants: dict[tuple[str, str], list[Grant]] | None = None
        store.subscribe(self._changed)

    def _changed(self, event: Event) -> None:
        if event.resource.group == GROUP:
            self._grants = None

    def forget(self) -> None:
        """Read everything again: the store was emptied, or put back."""
        self._grants = None

    def allows(self, user: User, wanted: Attributes) -> tuple[bool, str]:
        """Whether, and by which binding; system:masters may do everything."""
        if MASTERS in user.groups:
            return True, ""
        for grant in self.grants(user, wanted.namespace):
            if any(covers(rule, wanted) for rule in grant.rules):
                return True, grant.reason
        return False, ""

    def grants(self, user: User, namespace: str) -> Iterator[Grant]:
        """Everything a user was given for the whole cluster or for one namespace."""
        index = self._index()
        subjects = [("User", user.name), *(("Group", group) for group in user.groups)]
        account = account_of(user.name)
        if account is not None:
            subjects.append(("ServiceAccount", "/".join(account)))
        for subject in subjects:
            for grant in index.get(subject, ()):
                if not grant.namespace or grant.namespace == namespace:
                    yield grant

    def rules(self, user: User, namespace: str) -> list[Object]:
        """All rules of a user, for SelfSubjectRulesReview."""
        if MASTERS in user.groups:
            everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
            return [everything, {"verbs": ["*"], "nonResourceURLs": ["*"]}]
        return [rule for grant in self.grants(user, namespace) for rule in grant.rules]

    def _index(self) -> dict[tuple[str, str], list[Grant]]:
        if self._grants is None:
            self._grants = {}
            for binding in self._store.list(CLUSTER_ROLE_BINDINGS):
                self._bind(binding, "")
            for binding in self._store.list(ROLE_BINDINGS):
                self._bind(binding, binding["metadata"]["namespace"])
        return self._grants

    def _bind(self, binding: Object, namespace: str) -> None:
        reference = binding.get("roleRef") or {}
        role = self._role(reference, namespace)
        if role is None:
            return
        rules = tuple(self._effective(role))
        kind, name = ("RoleBinding", f"{binding['metadata']['name']}/{namespace}") if namespace else (
            "ClusterRoleBinding", binding["metadata"]["name"],
        )  # fmt: skip
        said = f'RBAC: allowed by {kind} "{name}" of {reference.get("kind")} "{reference.get("name")}" to '
        assert self._grants is not None
        for subject in binding.get("subjects") or ():
            who, named = subject.get("kind", ""), subject.get("name", "")
            shown = named
            if who == "ServiceAccount":
                named = f"{subject.get('namespace') or namespace}/{named}"
                shown = "/".join(reversed(named.split("/")))
            self._grants.setdefault((who, named), []).append(Grant(namespace, rules, f'{said}{who} "{shown}"'))

    def _role(self, reference: Object, namespace: str) -> Object | None:
        if reference.get("kind") == "Role":
            return self._store.get(ROLES, namespace, reference.get("name", "")) if namespace else None
        return self._store.get(CLUSTER_ROLES, None, reference.get("name", ""))

    def rules_of(self, reference: Object, namespace: str) -> list[Object] | None:
        """The rules of the role that a binding refers to, None when there is no such role."""
        role = self._role(reference, namespace)
        return None if role is None else self._effective(role)

    def _effective(self, role: Object) -> list[Object]:
        return summed(self._store, role) if role.get("aggregationRule") else role.get("rules") or []


def summed(store: Store, role: Object) -> list[Object]:
    """The rules of every ClusterRole that an aggregated one selects, each once, in the order of names."""
    rules: list[Object] = []
    for selector in (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ():
        for other in store.list(CLUSTER_ROLES, selector=of_label_selector(selector)):
            if other["metadata"]["uid"] != role["metadata"]["uid"]:
                rules += [rule for rule in other.get("rules") or () if rule not in rules]
    return rules


def covers(rule: Object, wanted: Attributes) -> bool:
    """Whether one rule allows what is wanted."""
    if not _has(rule.get("verbs"), wanted.verb):
        return False
    if wanted.path:
        return any(
            url in ("*", wanted.path) or (url.endswith("*") and wanted.path.startswith(url[:-1]))
            for url in rule.get("nonResourceURLs") or ()
        )
    if not _has(rule.get("apiGroups"), wanted.group):
        return False
    combined = f"{wanted.resource}/{wanted.subresource}" if wanted.subresource else wanted.resource
    resources = rule.get("resources") or ()
    if not (_has(resources, combined) or (wanted.subresource and f"*/{wanted.subresource}" in resources)):
        return False
    names = rule.get("resourceNames") or ()
    return not names or wanted.name in names


def _has(values: Any, value: str) -> bool:
    return bool(values) and ("*" in values or value in values)
