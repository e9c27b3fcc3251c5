from __future__ import annotations

import random

from edge.gateway.http.fresh_ids import DIGITS, FreshIds


def test_ids_are_hexadecimal_and_none_comes_twice() -> None:
    ids = FreshIds(random.Random(1).getrandbits)
    given = [ids.next() for _ in range(1000)]
    assert len(set(given)) == 1000
    assert all(len(one) == DIGITS and set(one) <= set(b"0123456789abcdef") for one in given)


def test_an_id_that_begins_with_zeros_has_all_its_digits() -> None:
    assert FreshIds(lambda bits: 1).next() == b"0" * DIGITS
