import threading
from datetime import UTC, datetime, timedelta, timezone

from edge import clock


def test_wall_time_is_aware_and_in_utc():
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


async def test_blocking_work_leaves_the_loop_s_thread():
    assert await clock.run_blocking(threading.get_ident) != threading.get_ident()


def test_times_are_written_in_utc_with_milliseconds():
    moment = datetime(2026, 1, 2, 5, 4, 5, 678_900, timezone(timedelta(hours=2)))
    assert clock.rfc3339(moment) == "2026-01-02T03:04:05.678Z"
