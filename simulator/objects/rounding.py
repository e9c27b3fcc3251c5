"""Numbers that may be given as a part of something: 2, or 25% (apimachinery/pkg/util/intstr)."""

from __future__ import annotations

import math


def scaled(value: int | str, total: int, *, up: bool) -> int:
    """A number as it is, a percentage of `total` rounded up or down."""
    if isinstance(value, int):
        return value
    exact = int(value.rstrip("%")) * total / 100
    return math.ceil(exact) if up else math.floor(exact)
