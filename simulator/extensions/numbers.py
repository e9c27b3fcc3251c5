"""Bounds of numbers, texts and lengths in a structural schema, in kube-openapi's words."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

from simulator.errors import Cause
from simulator.extensions.patterns import compiled
from simulator.objects.validation import bad

Json = dict[str, Any]


def of_number(schema: Json, value: float, path: str) -> list[Cause]:
    causes = []
    least, most, step = schema.get("minimum"), schema.get("maximum"), schema.get("multipleOf")
    if least is not None and (value <= least if schema.get("exclusiveMinimum") else value < least):
        words = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
        causes.append(bad(path, value, f"{path} in body should be {words} {least:g}"))
    if most is not None and (value >= most if schema.get("exclusiveMaximum") else value > most):
        words = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
        causes.append(bad(path, value, f"{path} in body should be {words} {most:g}"))
    if step and value % step:
        causes.append(bad(path, value, f"{path} in body should be a multiple of {step:g}"))
    return causes


def of_text(schema: Json, value: str, path: str) -> list[Cause]:
    causes = []
    least, most, pattern = schema.get("minLength"), schema.get("maxLength"), schema.get("pattern")
    if most is not None and len(value) > most:
        causes.append(Cause("FieldValueTooLong", f"Too long: may not be more than {most} bytes", path))
    if least is not None and len(value) < least:
        causes.append(bad(path, value, f"{path} in body should be at least {least} chars long"))
    if pattern and not compiled(pattern).search(value):
        causes.append(bad(path, value, f"{path} in body should match '{pattern}'"))
    return causes


def of_lengths(schema: Json, value: Sized, path: str, what: str) -> list[Cause]:
    """``what`` is Items or Properties."""
    least, most, count = schema.get(f"min{what}"), schema.get(f"max{what}"), len(value)
    if most is not None and count > most:
        return [Cause("FieldValueTooMany", f"Too many: {count}: must have at most {most} items", path)]
    if least is not None and count < least:
        return [bad(path, count, f"{path} in body should have at least {least} {what.lower()}")]
    return []
