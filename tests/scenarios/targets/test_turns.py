import asyncio
import os
import stat
import subprocess
import sys

import pytest

from scenarios.targets.turns import Turn

HOLDER = (
    "import fcntl, os, sys; f = os.open(sys.argv[1], os.O_RDWR); fcntl.flock(f, 2); print('mine', flush=True); input()"
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path / f"edge-scenarios-{os.getuid()}"


async def test_the_next_one_waits_until_the_turn_ends():
    first, second, elsewhere = Turn("a"), Turn("a"), Turn("b")
    await first.take()
    await elsewhere.take()
    waiting = asyncio.gather(second.take())
    await asyncio.sleep(0.15)
    assert not waiting.done()
    first.leave()
    await waiting
    second.leave()
    second.leave()
    elsewhere.leave()


async def test_one_that_is_given_up_holds_nothing():
    first, second = Turn("a"), Turn("a")
    await first.take()
    waiting = asyncio.gather(second.take())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    first.leave()
    await asyncio.wait_for(Turn("a").take(), 1)


async def test_a_turn_holds_between_processes_and_ends_with_one_that_is_killed(folder):
    turn = Turn("a")
    await turn.take()
    turn.leave()
    [lock] = folder.iterdir()
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-IS", "-c", HOLDER, lock, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert await holder.stdout.readline() == b"mine\n"
    waiting = asyncio.gather(turn.take())
    await asyncio.sleep(0.15)
    assert not waiting.done()
    holder.kill()
    await asyncio.wait_for(waiting, 2)
    await holder.communicate()
    turn.leave()
