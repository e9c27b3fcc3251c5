"""Quantiles of bucketed latencies."""

import pytest

from edge.model.latency import BUCKETS, quantile


def counts(**at):
    found = [0.0] * (len(BUCKETS) + 1)
    for bucket, number in at.items():
        found[int(bucket[1:])] = number
    return found


@pytest.mark.parametrize(
    ("share", "given", "expected"),
    [
        (0.5, counts(b0=10), 0.0005),
        (0.99, counts(b0=10), 0.00099),
        (0.5, counts(b2=4), 0.00375),
        (0.5, counts(b0=99, b9=1), 0.001 * 50 / 99),
        (0.995, counts(b0=99, b9=1), 0.75),
        (0.5, counts(b15=3), 60.0),
        (0.5, counts(b4=0.25), 0.0175),
    ],
)
def test_it_is_linear_within_its_bucket_and_ends_with_the_last_bound(share, given, expected):
    assert quantile(share, given) == pytest.approx(expected)


def test_without_requests_there_is_none():
    assert quantile(0.99, counts()) is None
