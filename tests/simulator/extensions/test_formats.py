"""Formats as strfmt reads them."""

from __future__ import annotations

import pytest

from simulator.extensions.formats import right_format


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("date-time", "2026-01-01T00:00:00Z", True),
        ("date-time", "2026-01-01t00:00:00.123456789+02:00", True),
        ("date-time", "2026-01-01T00:00:00", False),
        ("date-time", "2026-01-01T00:00Z", False),
        ("date-time", "2026-02-30T00:00:00Z", False),
        ("date", "2026-01-01", True),
        ("date", "20260101", False),
        ("cidr", "10.0.0.0/8", True),
        ("cidr", "10.0.0.1", False),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", True),
        ("uuid", "{123e4567-e89b-12d3-a456-426614174000}", False),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000\n", False),
        ("duration", "1m30s", True),
        ("duration", "1 minute", False),
        ("byte", "aGk=", True),
        ("byte", "a", False),
        ("ipv6", "::1", True),
        ("ipv6", "127.0.0.1", False),
        ("colour", "whatever", True),
    ],
)
def test_a_value_has_its_format_or_not(name: str, value: str, right: bool) -> None:
    assert right_format(name, value) is right
