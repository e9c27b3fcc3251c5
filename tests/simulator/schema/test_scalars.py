"""Times, durations and quantities as Go reads them."""

from __future__ import annotations

import pytest

from simulator.schema import scalars


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T02:00:00.9+02:00", "2026-01-01T00:00:00Z"),
        ("2025-12-31T23:00:00-01:00", "2026-01-01T00:00:00Z"),
    ],
)
def test_a_time_is_written_in_utc_with_whole_seconds(text: str, written: str) -> None:
    assert scalars.time(text) == written


@pytest.mark.parametrize("text", ["2026-02-30T00:00:00Z", "2026-01-01", "now", "2026-01-01T00:00:00", "9999-99-99T"])
def test_what_is_no_time_is_refused_in_gos_words(text: str) -> None:
    for read in (scalars.time, scalars.micro_time):
        with pytest.raises(scalars.BadScalar, match=f'parsing time "{text}"'):
            read(text)


@pytest.mark.parametrize("text", ["1", "1.5Gi", "100m", "1e3", "-2", "+.5k", "1E3", "0.1Ki"])
def test_a_quantity_is_kept(text: str) -> None:
    assert scalars.quantity(text) == text


@pytest.mark.parametrize("text", ["", "1GiB", "one", "1 Gi", "."])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(scalars.BadScalar, match="quantities must match"):
        scalars.quantity(text)


def test_a_duration_has_units() -> None:
    assert scalars.duration("1h2m3.5s") == "1h2m3.5s"
    for text in ("", "1", "1d"):
        with pytest.raises(scalars.BadScalar, match="invalid duration"):
            scalars.duration(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", None), ("YQ==", None), ("YW\nI=", None), ("YWJj", None), ("YQ=\n=\n", None),
        ("!!!", 0), ("YQ!=", 2), ("YQ", 0), ("YWJjYQ", 4), ("YQ=", 3), ("Y===", 1), ("YQ=Q", 2), ("YQ==YQ==", 4),
        ("my password", 2),
    ],
)  # fmt: skip
def test_what_is_no_base64_is_wrong_where_go_says(text: str, place: int | None) -> None:
    assert scalars.corrupt(text) == place
