"""`make loadtest` as a person runs it, but short."""

import asyncio
import sys
import time

import pytest

from loadtests.users.__main__ import failed_requests, steady
from loadtests.users.processes import LoadtestError, Process
from loadtests.users.results import Row

pytestmark = pytest.mark.kubectl


async def test_users_of_a_demo_that_scales_lose_nothing(tmp_path):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "loadtests.users", "--seconds", "1", "--users", "10", "--replicas", "3"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
    )
    output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    for line in ("scaled to 3: ", "scaled to 1: ", "peak of endpoints: 3", "every request was answered as it should"):
        assert line in output
    assert list(tmp_path.iterdir()) == []


async def test_a_demo_that_ends_by_itself_ends_the_run_at_once_with_its_last_words():
    locust = await Process.start("locust", "-c", "import signal; signal.pause()")
    demo = await Process.start("edge demo", "-c", "print('the Admin was killed'); raise SystemExit(1)")
    began = time.perf_counter()
    with pytest.raises(LoadtestError, match="edge demo ended by itself with code 1:\nthe Admin was killed"):
        await steady((demo, locust), began + 50)
    assert time.perf_counter() - began < 40
    assert await locust.stop() == -15


def total(requests, failed):
    return [Row("all of them", requests, failed, 1.0, 1.0, 1.0, 1.0)]


def test_one_failed_request_of_many_fails_the_run_and_is_said() -> None:
    said = ["INFO up", "ERROR/root: failed: GET /: ConnectionError('gone')"]
    assert failed_requests(total(1000, 1), said) == ["1 of 1000 requests failed", "GET /: ConnectionError('gone')"]
    assert failed_requests(total(1000, 0), ["INFO up"]) == []


def test_no_request_at_all_fails_the_run() -> None:
    assert failed_requests(total(0, 0), []) == ["no request was made at all"]
