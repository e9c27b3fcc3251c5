"""What the demo says, read, and programs that do not say what they should."""

from pathlib import Path

import pytest

from loadtests.users.processes import Demo, LoadtestError, Process, read_demo

SAID = [
    "console http://127.0.0.1:8001",
    "user admin",
    "password secret",
    "export EDGE_TOKEN=abc=",
    "export KUBECONFIG=/tmp/x/kubeconfig",
    "curl -H 'Host: www.example.com' http://127.0.0.1:8080",
]


def test_the_demo_says_where_it_is() -> None:
    where = Demo("http://127.0.0.1:8001", "abc=", Path("/tmp/x/kubeconfig"), "http://127.0.0.1:8080", "www.example.com")
    assert read_demo(SAID) == where


def test_a_line_that_is_missing_is_named() -> None:
    with pytest.raises(LoadtestError, match="KUBECONFIG"):
        read_demo([line for line in SAID if "KUBECONFIG" not in line])


async def test_a_program_that_ends_too_early_is_quoted() -> None:
    process = await Process.start("it", "-c", "print('no such thing'); raise SystemExit(3)")
    with pytest.raises(LoadtestError, match="it did not say 'ready':\nno such thing"):
        await process.until_said("ready", 10)
    assert await process.ended() == 3


async def test_a_program_that_says_nothing_is_ended_by_its_deadline() -> None:
    process = await Process.start("it", "-c", "import signal; signal.pause()")
    with pytest.raises(LoadtestError, match="did not say"):
        await process.until_said("ready", 0.1)
    assert await process.ended() == -15


async def test_all_that_a_stopped_program_said_is_there() -> None:
    code = "import signal, sys; signal.signal(15, lambda *_: sys.exit('end')); print('ready'); signal.pause()"
    process = await Process.start("it", "-c", code)
    await process.until_said("ready", 10)
    assert await process.stop() == 1
    assert process.lines == ["ready", "end"]
