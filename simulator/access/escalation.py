"""Nobody may grant what they have not, unless they may ``escalate`` the role or ``bind`` it.

Source: pkg/registry/rbac (escalation_check.go, */policybased/storage.go), component-helpers/auth/rbac/validation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from simulator.access.rbac import GROUP, MASTERS, Attributes, Authorizer
from simulator.access.users import User
from simulator.errors import ApiError, forbidden, qualified
from simulator.objects.resource import Object, Resource

EVERYTHING: list[Object] = [
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
]


class Single(NamedTuple):
    """One right: a verb on one resource of one group (perhaps of some names), or on one path."""

    verb: str
    group: str = ""
    resource: str = ""
    names: tuple[str, ...] = ()
    path: str = ""


def check(authorizer: Authorizer, user: User, resource: Resource, obj: Object, old: Object | None) -> None:
    """Raises ``ApiError``: 403 when ``obj`` gives more than ``user`` has, 404 for a binding to no role."""
    if resource.group != GROUP or MASTERS in user.groups:
        return
    metadata = obj["metadata"]
    namespace, name = metadata.get("namespace") or "", metadata.get("name") or ""
    if resource.plural.endswith("bindings"):
        if old is not None and all(old.get(key) == obj.get(key) for key in ("roleRef", "subjects")):
            return
        rules = _bound_rules(authorizer, user, namespace, obj.get("roleRef") or {})
    else:
        if old is not None and all(old.get(key) == obj.get(key) for key in ("rules", "aggregationRule")):
            return
        wanted = Attributes("escalate", GROUP, resource.plural, "", namespace, name)
        if authorizer.allows(user, wanted)[0]:
            return
        rules = EVERYTHING if obj.get("aggregationRule") else obj.get("rules") or []
    missing = not_held(authorizer.rules(user, namespace), rules)
    if missing:
        groups = " ".join(json.dumps(group) for group in user.groups)
        why = f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n'
        raise forbidden(resource, name, why + "\n".join(missing))


def _bound_rules(authorizer: Authorizer, user: User, namespace: str, reference: Object) -> list[Object]:
    plural = "roles" if reference.get("kind") == "Role" else "clusterroles"
    wanted = Attributes("bind", GROUP, plural, "", namespace, reference.get("name", ""))
    if authorizer.allows(user, wanted)[0]:
        return []
    rules = authorizer.rules_of(reference, namespace)
    if rules is None:
        row = Resource(GROUP, "v1", "Role" if plural == "roles" else "ClusterRole", plural, plural[:-1], False)
        name = reference.get("name", "")
        details = {"name": name, "group": GROUP, "kind": plural}
        raise ApiError(404, "NotFound", f'{qualified(row)} "{name}" not found', details)
    return rules


def not_held(owned: Iterable[Object], wanted: Iterable[Object]) -> list[str]:
    """What of ``wanted`` no rule of ``owned`` covers, as Kubernetes prints it, sorted."""
    held = list(owned)
    missing = [single for rule in wanted for single in singles(rule) if not any(_covers(own, single) for own in held)]
    compact: dict[tuple[str, str, tuple[str, ...], str], list[str]] = {}
    for single in missing:
        verbs = compact.setdefault((single.group, single.resource, single.names, single.path), [])
        if single.verb not in verbs:
            verbs.append(single.verb)
    return sorted(_printed(key, verbs) for key, verbs in compact.items())


def singles(rule: Object) -> Iterator[Single]:
    names = tuple(rule.get("resourceNames") or ())
    for verb in rule.get("verbs") or ():
        for group in rule.get("apiGroups") or ():
            for resource in rule.get("resources") or ():
                yield Single(verb, group, resource, names)
        for path in rule.get("nonResourceURLs") or ():
            yield Single(verb, path=path)


def _covers(rule: Object, wanted: Single) -> bool:
    verbs = rule.get("verbs") or ()
    if "*" not in verbs and wanted.verb not in verbs:
        return False
    if wanted.path:
        return any(
            own in ("*", wanted.path) or (own.endswith("*") and wanted.path.startswith(own[:-1]))
            for own in rule.get("nonResourceURLs") or ()
        )
    groups, resources = rule.get("apiGroups") or (), rule.get("resources") or ()
    if "*" not in groups and wanted.group not in groups:
        return False
    sub = wanted.resource.partition("/")[2]
    if not ("*" in resources or wanted.resource in resources or (sub and f"*/{sub}" in resources)):
        return False
    names = rule.get("resourceNames") or ()
    return not names or (bool(wanted.names) and all(name in names for name in wanted.names))


def _printed(key: tuple[str, str, tuple[str, ...], str], verbs: list[str]) -> str:
    group, resource, names, path = key
    parts: list[tuple[str, Any]] = (
        [("NonResourceURLs", [path])] if path else [("APIGroups", [group]), ("Resources", [resource])]
    )
    if names:
        parts.append(("ResourceNames", names))
    parts.append(("Verbs", verbs))
    shown = (f"{title}:[{' '.join(json.dumps(one) for one in values)}]" for title, values in parts)
    return "{" + ", ".join(shown) + "}"
