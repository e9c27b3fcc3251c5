"""What a load is asked and what it came to."""

import math

import pytest

from loadtests.peers.load import Ask, Outcome, percentile, read_summary, script

WRK = """Running 2s test @ http://127.0.0.1:1/
  2 threads and 64 connections
  20000 requests in 2.00s, 5.0MB read

{"seconds":2.001000,"requests":19990,"failed":10,"p50":2.500,"p99":9.125}
"""


def test_the_summary_is_found_among_the_words_of_wrk() -> None:
    assert read_summary(WRK) == Outcome(2.001, 19990, 10, 2.5, 9.125)


def test_without_a_summary_wrk_is_quoted() -> None:
    with pytest.raises(ValueError, match="unable to connect"):
        read_summary("unable to connect to 127.0.0.1:1 Connection refused\n")


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([1.0], 0.99, 1.0), ([1.0, 2.0], 0.5, 1.0), (list(range(1, 101)), 0.99, 99), (list(range(1, 1001)), 0.99, 990)],
)
def test_a_percentile_is_the_nearest_rank(values, share, expected) -> None:
    assert percentile(values, share) == expected


def test_nothing_has_no_percentile() -> None:
    assert math.isnan(percentile([], 0.5))


def test_a_request_with_a_body_and_one_that_closes_say_so() -> None:
    (head,) = Ask("/upload", ("a.example",), upload=7, close=True).heads()
    assert head.startswith("POST /upload HTTP/1.1\r\nHost: a.example\r\n")
    assert "Content-Length: 7\r\nConnection: close\r\n\r\n" in head
    assert Ask("/", ("a",)).heads()[0].startswith("GET / ")


def test_the_script_holds_every_host_and_a_single_one_is_not_looked_for() -> None:
    many = script(Ask("/", ("a.example", "b.example")))
    assert "Host: a.example\\r\\n" in many
    assert "Host: b.example\\r\\n" in many
    assert "local only" not in many
    assert "local only" in script(Ask("/", ("a.example",)))
