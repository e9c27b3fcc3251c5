"""Label selectors as objects carry them (metav1.LabelSelector), for controllers that hold labels, not records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether `labels` satisfy `matchLabels` and `matchExpressions`; an empty selector matches nothing here.

    (A workload's selector may not be empty; an object that has one anyway must not adopt every pod.)
    """
    wanted = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or []
    if not wanted and not expressions:
        return False
    if not wanted.items() <= labels.items():
        return False
    return all(satisfies(expression, labels) for expression in expressions)


def satisfies(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether `labels` satisfy one expression of a label or node selector."""
    key, values = expression.get("key", ""), expression.get("values") or []
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case "Gt" | "Lt" as operator:
            number, bound = _number(labels.get(key)), _number(values[0] if values else None)
            if number is None or bound is None:
                return False
            return number > bound if operator == "Gt" else number < bound
        case _:
            return False


def _number(text: str | None) -> int | None:
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None
