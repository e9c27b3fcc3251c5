from __future__ import annotations

import pytest

from simulator.objects.durations import seconds


@pytest.mark.parametrize(
    ("text", "value"), [("300ms", 0.3), ("2s", 2), ("1m30s", 90), (" 1.5h ", 5400), ("7", 7), ("0.5", 0.5)]
)
def test_a_duration_is_seconds(text: str, value: float) -> None:
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "s", "-1s", "1 s", "1d", "1e3", "2s!", "nan"])
def test_anything_else_says_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a duration such as 300ms, 2s or 1m30s, got '"):
        seconds(text)
