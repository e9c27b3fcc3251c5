"""What objects of every kind must satisfy, with Kubernetes' messages (apimachinery/pkg/util/validation)."""

from __future__ import annotations

import json
import re
from typing import Any

from simulator.errors import Cause
from simulator.objects.resource import Object, Resource

LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
LABEL_1035 = re.compile(r"^[a-z]([-a-z0-9]*[a-z0-9])?\Z")
SUBDOMAIN = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
QUALIFIED = re.compile(r"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\Z")
LABEL_VALUE = re.compile(r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\Z")

SAYS_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SAYS_LABEL_1035 = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
SAYS_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
SAYS_QUALIFIED = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
SAYS_LABEL_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
NAME_RULES = {
    "label": (LABEL, 63, SAYS_LABEL),
    "label1035": (LABEL_1035, 63, SAYS_LABEL_1035),
    "subdomain": (SUBDOMAIN, 253, SAYS_SUBDOMAIN),
}
ANNOTATIONS_LIMIT = 256 * 1024
FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
"""What its own kinds may have without a domain (pkg/apis/core/helper.IsStandardFinalizerName)."""
SAYS_FINALIZER = "name is neither a standard finalizer name nor is it fully qualified"
PLAIN_FINALIZERS = ("apiextensions.k8s.io", "apiregistration.k8s.io")
"""Groups whose objects, like custom resources, may have any."""


def quoted(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def bad(field: str, value: Any, why: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {quoted(value)}: {why}", field)


def required(field: str, why: str = "") -> Cause:
    return Cause("FieldValueRequired", "Required value" + (f": {why}" if why else ""), field)


def unsupported(field: str, value: Any, allowed: tuple[str, ...]) -> Cause:
    listed = ", ".join(quoted(one) for one in allowed)
    return Cause("FieldValueNotSupported", f"Unsupported value: {quoted(value)}: supported values: {listed}", field)


def forbidden_field(field: str, why: str) -> Cause:
    return Cause("FieldValueForbidden", f"Forbidden: {why}", field)


def duplicate(field: str, value: Any) -> Cause:
    return Cause("FieldValueDuplicate", f"Duplicate value: {quoted(value)}", field)


def immutable(field: str, value: Any) -> Cause:
    return bad(field, value, "field is immutable")


def metadata_problems(resource: Resource, obj: Object, old: Object | None) -> list[Cause]:
    metadata = obj["metadata"]
    causes = _name_problems(resource, metadata)
    causes += label_problems(metadata.get("labels"), "metadata.labels")
    causes += _annotation_problems(metadata.get("annotations") or {})
    for index, finalizer in enumerate(metadata.get("finalizers") or ()):
        if not _qualified(finalizer):
            causes.append(bad(f"metadata.finalizers[{index}]", finalizer, SAYS_QUALIFIED))
        elif "/" not in finalizer and finalizer not in FINALIZERS and _strict_finalizers(resource):
            causes.append(bad(f"metadata.finalizers[{index}]", finalizer, SAYS_FINALIZER))
    causes += _owner_problems(metadata.get("ownerReferences") or [])
    if old is not None and old["metadata"].get("deletionTimestamp"):
        before = set(old["metadata"].get("finalizers") or ())
        added = [name for name in metadata.get("finalizers") or () if name not in before]
        if added:
            why = "no new finalizers can be added if the object is being deleted, found new finalizers "
            causes.append(forbidden_field("metadata.finalizers", f"{why}[]string{{{quoted(added)[1:-1]}}}"))
    return causes


def _strict_finalizers(resource: Resource) -> bool:
    return resource.custom is None and resource.group not in PLAIN_FINALIZERS


def _name_problems(resource: Resource, metadata: Object) -> list[Cause]:
    name = metadata.get("name") or ""
    if not name:
        return [required("metadata.name", "name or generateName is required")]
    if resource.name_rule == "path":
        if name in (".", ".."):
            return [bad("metadata.name", name, f"may not be '{name}'")]
        return [bad("metadata.name", name, f"may not contain '{character}'") for character in "/%" if character in name]
    pattern, longest, says = NAME_RULES[resource.name_rule]
    causes = []
    if len(name) > longest:
        causes.append(bad("metadata.name", name, f"must be no more than {longest} characters"))
    if not pattern.match(name):
        causes.append(bad("metadata.name", name, says))
    return causes


def _qualified(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    if slash and not (SUBDOMAIN.match(prefix) and len(prefix) <= 253):
        return False
    return bool(QUALIFIED.match(name)) and len(name) <= 63


def label_problems(labels: dict[str, str] | None, field: str) -> list[Cause]:
    causes = []
    for key, value in (labels or {}).items():
        if not _qualified(key):
            causes.append(bad(field, key, SAYS_QUALIFIED))
        if len(value) > 63:
            causes.append(bad(field, value, "must be no more than 63 characters"))
        elif not LABEL_VALUE.match(value):
            causes.append(bad(field, value, SAYS_LABEL_VALUE))
    return causes


def _annotation_problems(annotations: dict[str, str]) -> list[Cause]:
    causes = [bad("metadata.annotations", key, SAYS_QUALIFIED) for key in annotations if not _qualified(key.lower())]
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > ANNOTATIONS_LIMIT:
        message = f"Too long: may not be more than {ANNOTATIONS_LIMIT} bytes"
        causes.append(Cause("FieldValueTooLong", message, "metadata.annotations"))
    return causes


def _owner_problems(references: list[Object]) -> list[Cause]:
    causes = []
    for index, reference in enumerate(references):
        for part in ("apiVersion", "kind", "name", "uid"):
            if not reference.get(part):
                field = f"metadata.ownerReferences[{index}].{part}" if part != "apiVersion" else ""
                causes.append(bad(field or f"metadata.ownerReferences[{index}].apiVersion", "", "must not be empty"))
    controllers = [reference["name"] for reference in references if reference.get("controller")]
    if len(controllers) > 1:
        why = "Only one reference can have Controller set to true. Found "
        causes.append(
            bad("metadata.ownerReferences", references, f'{why}"true" in references for {" and ".join(controllers)}')
        )
    return causes
