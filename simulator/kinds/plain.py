"""Rules of small kinds: namespaces, config maps, secrets, roles and bindings."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from simulator.errors import Cause
from simulator.objects.resource import Object
from simulator.objects.validation import bad, immutable, required, unsupported

if TYPE_CHECKING:
    from simulator.store.store import Store

RBAC = "rbac.authorization.k8s.io"
DATA_LIMIT = 1024 * 1024
CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
SAYS_CONFIG_KEY = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
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


def validate_config_map(obj: Object, old: Object | None) -> list[Cause]:
    text, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    causes = [*_key_problems("data", text), *_key_problems("binaryData", binary)]
    causes += [bad(f"data[{key}]", key, "duplicate of key present in binaryData") for key in text if key in binary]
    size = sum(len(value.encode()) for value in text.values()) + sum(map(_decoded_size, binary.values()))
    return causes + _size_problems("", size)


def _key_problems(field: str, data: Object) -> list[Cause]:
    causes = []
    for key in data:
        path = f"{field}[{key}]"
        if len(key) > 253:
            causes.append(bad(path, key, "must be no more than 253 characters"))
        elif not CONFIG_KEY.fullmatch(key):
            causes.append(bad(path, key, SAYS_CONFIG_KEY))
        elif key == "." or key.startswith(".."):
            causes.append(bad(path, key, "must not be '.'" if key == "." else "must not start with '..'"))
    return causes


def _size_problems(field: str, size: int) -> list[Cause]:
    """Both kinds are limited to 1 MiB of values (MaxSecretSize)."""
    if size <= DATA_LIMIT:
        return []
    return [Cause("FieldValueTooLong", f"Too long: may not be more than {DATA_LIMIT} bytes", field or "[]")]


def _decoded_size(value: str) -> int:
    return len(value) // 4 * 3 - value[-2:].count("=")


def validate_secret(obj: Object, old: Object | None) -> list[Cause]:
    data = obj.get("data") or {}
    causes = [*_key_problems("data", data), *_size_problems("data", sum(map(_decoded_size, data.values())))]
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
        causes.append(bad("roleRef", reference, "cannot change roleRef"))
    return causes
