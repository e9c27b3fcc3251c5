"""The small values of scenario files: durations (`300ms`, `2s`, `1m`), rates (`200/s`) and comparisons (`>= 3`)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

DURATION = r"^\d+(\.\d+)?(ms|s|m|h)$"
RATE = r"^\d+(\.\d+)?/(s|m)$"
COMPARISON = r"^(<=|>=|<|>|==|!=) ?-?\d+(\.\d+)?(ms|s|m|%)?$"

Duration = Annotated[str, Meta(pattern=DURATION, description="A duration: 300ms, 2s, 1m.")]
Rate = Annotated[str, Meta(pattern=RATE, description="A rate: 200/s, 30/m.")]
Comparison = Annotated[str, Meta(pattern=COMPARISON, description='A comparison: ">= 3", "< 250ms", "<= 1%".')]
Number = Annotated[int, Meta(ge=0, description="Exactly this many.")] | Comparison
"""A number, or a comparison with one."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "%": 0.01, "": 1.0}
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
    "!=": operator.ne,
}


def seconds(duration: str) -> float:
    """`300ms` → 0.3. ValueError when it is no duration."""
    found = re.match(r"^(\d+(?:\.\d+)?)(ms|s|m|h)$", duration)
    if found is None:
        raise ValueError(f"expected a duration such as 300ms, 2s or 1m, got {duration!r}")
    return float(found[1]) * _UNITS[found[2]]


def per_second(rate: str) -> float:
    """`200/s` → 200.0. ValueError when it is no rate."""
    found = re.match(r"^(\d+(?:\.\d+)?)/(s|m)$", rate)
    if found is None:
        raise ValueError(f"expected a rate such as 200/s or 30/m, got {rate!r}")
    return float(found[1]) / _UNITS[found[2]]


def compares(wanted: int | str, seen: float) -> bool:
    """Whether `seen` is what `wanted` asks for: the same number, or `>= 3` (a duration is compared in seconds)."""
    if isinstance(wanted, int):
        return seen == wanted
    found = re.match(r"^(<=|>=|<|>|==|!=) ?(-?\d+(?:\.\d+)?)(ms|s|m|%)?$", wanted)
    if found is None:
        raise ValueError(f'expected a number or a comparison such as ">= 3", got {wanted!r}')
    return bool(_OPERATORS[found[1]](seen, float(found[2]) * _UNITS[found[3] or ""]))


class Part(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A part of a scenario file: unknown keys are refused."""
