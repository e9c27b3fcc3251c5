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
    return all(_satisfies(expression, labels) for expression in expressions)


def _satisfies(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
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
        case _:
            return False
