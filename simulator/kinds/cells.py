"""What table cells have in common: ages, columns that many kinds share (k8s.io/apimachinery/pkg/util/duration)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from simulator.objects.metadata import parse_timestamp
from simulator.objects.resource import Column, Object

NAME = Column("Name", format="name")
AGE = Column("Age")
CONTAINERS = Column("Containers", priority=1)
IMAGES = Column("Images", priority=1)
SELECTOR = Column("Selector", priority=1)


def columns(*named: str | Column, wide: tuple[str, ...] = ()) -> tuple[Column, ...]:
    """Name first, then text columns by name (``Desired:integer`` for another type), then those of ``-o wide``."""
    return (NAME, *(_column(one, 0) for one in named), *(_column(one, 1) for one in wide))


def _column(one: str | Column, priority: int) -> Column:
    if isinstance(one, Column):
        return one
    name, _, type = one.partition(":")
    return Column(name, type or "string", priority=priority)


def duration(seconds: float) -> str:
    """``5s``, ``3m20s``, ``4h``, ``2d3h`` … as kubectl shows ages."""
    if seconds < -2:
        return "<invalid>"
    whole = max(0, int(seconds))
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < 120:
        return f"{whole}s"
    if minutes < 10:
        return f"{minutes}m{whole % 60}s" if whole % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    years = days // 365
    if years < 8:
        return f"{years}y{days % 365}d" if days % 365 else f"{years}y"
    return f"{years}y"


def since(text: str | None, now: datetime) -> str:
    if not text:
        return "<unknown>"
    try:
        return duration((now - parse_timestamp(text[:19] + "Z")).total_seconds())
    except ValueError:
        return "<unknown>"


def age(obj: Object, now: datetime) -> str:
    return since(obj["metadata"].get("creationTimestamp"), now)


def name(obj: Object) -> str:
    found: str = obj["metadata"]["name"]
    return found


def containers(spec: Object) -> tuple[str, str]:
    """Names and images of a pod spec's containers, each joined by commas."""
    listed = spec.get("containers") or ()
    return ",".join(c.get("name", "") for c in listed), ",".join(c.get("image", "") for c in listed)


def joined(values: Iterable[Any], empty: str = "<none>") -> str:
    return ",".join(str(value) for value in values) or empty


def labels_text(labels: dict[str, str] | None) -> str:
    return joined(f"{key}={value}" for key, value in sorted((labels or {}).items()))
