"""The few numbers of a task, from locust's many."""

import pytest

from loadtests.users.results import percentile, rows, table


def entry(name, times, failed=0, method="GET", start=100.0, last=110.0):
    return {
        "name": name,
        "method": method,
        "num_requests": sum(times.values()),
        "num_failures": failed,
        "response_times": times,
        "start_time": start,
        "last_request_timestamp": last,
        "max_response_time": max(map(float, times), default=0),
    }


def test_each_task_has_a_row_and_all_of_them_have_one() -> None:
    shown = rows([entry("/b", {"2": 98, "30": 2}, failed=1), entry("/a", {"4": 100}, method="POST", last=120.0)])
    assert [(row.name, row.requests, row.failed, row.rate, row.p50, row.p99, row.slowest) for row in shown] == [
        ("POST /a", 100, 0, 5.0, 4.0, 4.0, 4.0),
        ("GET /b", 100, 1, 5.0, 2.0, 30.0, 30.0),
        ("all of them", 200, 1, 10.0, 4.0, 4.0, 30.0),
    ]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 1.0), (0.51, 5.0), (0.99, 5.0), (1.0, 9.0)])
def test_a_percentile_is_the_nearest_rank(share, expected) -> None:
    assert percentile({5.0: 49, 1.0: 50, 9.0: 1}, share) == expected


def test_a_run_without_requests_has_a_row_of_nothing() -> None:
    (total,) = rows([])
    assert total == ("all of them", 0, 0, 0.0, 0.0, 0.0, 0.0)
    assert "all of them" in table([total])
