"""Object metadata: names, UIDs, times and the order in which Kubernetes writes the fields."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from random import Random
from typing import Any

from simulator.clock import timestamp

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""What generated names end in (k8s.io/apimachinery/pkg/util/rand): no vowels, so no words."""

ORDER = (
    "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
    "managedFields",
)  # fmt: skip
KNOWN = frozenset(ORDER)


def suffix(random: Random, length: int = 5) -> str:
    return "".join(random.choice(ALPHABET) for _ in range(length))


def new_name(random: Random, prefix: str) -> str:
    """``generateName`` made a name; the prefix is cut so that the whole has at most 63 characters."""
    return prefix[:58] + suffix(random)


def new_uid(random: Random) -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def parse_timestamp(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def order_metadata(obj: dict[str, Any]) -> None:
    """Put metadata first and its fields, and the status, where Kubernetes puts them; drop empty maps and lists."""
    metadata = obj.pop("metadata")
    ordered: dict[str, Any] = {}
    for field in ORDER:
        value = metadata.get(field)
        if value is not None and value != {} and value != [] and value != "":
            ordered[field] = value
    rest = {key: value for key, value in obj.items() if key not in ("kind", "apiVersion", "status")}
    status = obj.get("status")
    head: dict[str, Any] = {key: obj[key] for key in ("kind", "apiVersion") if key in obj}
    had_status = "status" in obj
    obj.clear()
    obj.update(head)
    obj["metadata"] = ordered
    obj.update(rest)
    if had_status:
        obj["status"] = status


def owned_by(obj: dict[str, Any]) -> dict[str, Any] | None:
    """The controller's owner reference, None when nothing controls the object."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            found: dict[str, Any] = reference
            return found
    return None


__all__ = ["new_name", "new_uid", "order_metadata", "owned_by", "parse_timestamp", "suffix", "timestamp"]
