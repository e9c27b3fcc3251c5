"""Rules of small kinds: namespaces, secrets, roles and bindings."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from simulator.errors import Cause
from simulator.resource import Object
from simulator.validation import immutable, required, unsupported

if TYPE_CHECKING:
    from simulator.store import Store

RBAC = "rbac.authorization.k8s.io"
TOKEN_SECRET = "kubernetes.io/service-account-token"  # a type's name, not a secret  # noqa: S105


def default_namespace(obj: Object) -> None:
    metadata = obj["metadata"]
    metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = metadata.get("name", "")


def prepare_namespace(store: Store, obj: Object, old: Object | None) -> None:
    if old is None:
        obj["spec"] = {**(obj.get("spec") or {}), "finalizers": ["kubernetes"]}
        obj["status"] = {"phase": "Active"}


def default_secret(obj: Object) -> None:
    if not obj.get("type"):
        obj["type"] = "Opaque"
    plain = obj.pop("stringData", None) or {}
    if plain:
        data = obj.get("data") or {}
        obj["data"] = {**data, **{key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}}


def validate_secret(obj: Object, old: Object | None) -> list[Cause]:
    causes = []
    annotations = obj["metadata"].get("annotations") or {}
    if obj.get("type") == TOKEN_SECRET and not annotations.get("kubernetes.io/service-account.name"):
        causes.append(required("metadata.annotations[kubernetes.io/service-account.name]"))
    if old is not None and old.get("type") != obj.get("type"):
        causes.append(immutable("type", obj.get("type")))
    return causes


def default_binding(obj: Object) -> None:
    reference = obj.setdefault("roleRef", {})
    if not reference.get("apiGroup"):
        reference["apiGroup"] = RBAC
    for subject in obj.get("subjects") or ():
        if subject.get("kind") in ("User", "Group") and not subject.get("apiGroup"):
            subject["apiGroup"] = RBAC


def validate_role(obj: Object, old: Object | None) -> list[Cause]:
    causes = []
    namespaced = bool(obj["metadata"].get("namespace"))
    for index, rule in enumerate(obj.get("rules") or ()):
        path = f"rules[{index}]"
        if not rule.get("verbs"):
            causes.append(required(f"{path}.verbs", "verbs must contain at least one value"))
        if rule.get("nonResourceURLs"):
            if namespaced:
                why = "namespaced rules cannot apply to non-resource URLs"
                causes.append(Cause("FieldValueInvalid", f"Invalid value: {why}", f"{path}.nonResourceURLs"))
            continue
        if not rule.get("apiGroups"):
            causes.append(required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
        if not rule.get("resources"):
            causes.append(required(f"{path}.resources", "resource rules must supply at least one resource"))
    return causes


def validate_binding(obj: Object, old: Object | None) -> list[Cause]:
    causes: list[Cause] = []
    reference = obj.get("roleRef") or {}
    kinds = ("ClusterRole", "Role") if obj["metadata"].get("namespace") else ("ClusterRole",)
    if reference.get("kind") not in kinds:
        causes.append(unsupported("roleRef.kind", reference.get("kind") or "", kinds))
    if not reference.get("name"):
        causes.append(required("roleRef.name"))
    for index, subject in enumerate(obj.get("subjects") or ()):
        if not subject.get("name"):
            causes.append(required(f"subjects[{index}].name"))
        if subject.get("kind") not in ("ServiceAccount", "User", "Group"):
            allowed = ("ServiceAccount", "User", "Group")
            causes.append(unsupported(f"subjects[{index}].kind", subject.get("kind") or "", allowed))
        elif subject["kind"] == "ServiceAccount" and not subject.get("namespace"):
            causes.append(required(f"subjects[{index}].namespace"))
    if old is not None and old.get("roleRef") != reference:
        causes.append(immutable("roleRef", reference))
    return causes
