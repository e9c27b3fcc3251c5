"""Label selectors of objects, and expressions of node selectors."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.objects.labels import matches, satisfies

LABELS = {"app": "web", "cores": "8"}


@pytest.mark.parametrize(
    ("key", "operator", "values", "holds"),
    [
        ("app", "In", ["web", "db"], True),
        ("app", "In", ["db"], False),
        ("app", "NotIn", ["db"], True),
        ("zone", "NotIn", ["z1"], True),
        ("app", "Exists", None, True),
        ("zone", "Exists", None, False),
        ("zone", "DoesNotExist", None, True),
        ("cores", "Gt", ["4"], True),
        ("cores", "Lt", ["4"], False),
        ("app", "Gt", ["4"], False),
        ("cores", "Gt", ["many"], False),
        ("app", "Like", ["w%"], False),
    ],
)
def test_an_expression(key: str, operator: str, values: Any, holds: bool) -> None:
    assert satisfies({"key": key, "operator": operator, "values": values}, LABELS) is holds


def test_a_selector_needs_all_it_names_and_an_empty_one_is_for_nothing() -> None:
    exists = {"key": "cores", "operator": "Exists"}
    assert matches({"matchLabels": {"app": "web"}, "matchExpressions": [exists]}, LABELS)
    assert not matches({"matchLabels": {"app": "db"}, "matchExpressions": [exists]}, LABELS)
    assert not matches({}, LABELS)
