from __future__ import annotations

import random

import pytest

from simulator.kubelet.network import NetworkError, claim


def test_two_simulators_never_claim_the_same_network() -> None:
    first, second = claim(None, random.Random(7)), claim(None, random.Random(7))
    try:
        assert first.network != second.network
        with pytest.raises(NetworkError, match="in use by another simulator"):
            claim(str(first.network), random.Random(7))
    finally:
        first.close()
        second.close()


def test_a_closed_network_can_be_claimed_again() -> None:
    first = claim(None, random.Random(8))
    first.close()
    claim(str(first.network), random.Random(8)).close()


def test_addresses_are_not_reused_before_the_last_was_given_out() -> None:
    network = claim(None, random.Random(9))
    try:
        first = network.allocate()
        network.release(first)
        assert network.allocate() != first
        assert first.endswith(".0.1")
    finally:
        network.close()


@pytest.mark.parametrize("wanted", ["10.0.0.0/16", "nonsense", "127.20.0.1/16", "127.20.0.0/31"])
def test_a_network_off_loopback_is_refused_with_what_was_expected(wanted: str) -> None:
    with pytest.raises(NetworkError, match="expected"):
        claim(wanted, random.Random(1))
