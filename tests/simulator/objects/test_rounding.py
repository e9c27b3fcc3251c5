from __future__ import annotations

from simulator.objects.rounding import scaled


def test_a_number_is_itself_and_a_share_is_rounded_as_asked() -> None:
    assert (scaled(3, 10, up=True), scaled("25%", 10, up=True), scaled("25%", 10, up=False)) == (3, 3, 2)
    assert (scaled("0%", 10, up=True), scaled("100%", 7, up=False)) == (0, 7)
