import asyncio
import threading

import pytest

from scenarios.targets.threads import Threads


async def run(function):
    return await asyncio.get_running_loop().run_in_executor(Threads(), function)


async def test_a_call_has_a_thread_that_the_process_does_not_wait_for():
    assert await run(lambda: threading.current_thread().daemon)


async def test_calls_do_not_wait_for_each_other():
    together = threading.Barrier(40, timeout=5)
    await asyncio.gather(*(run(together.wait) for _ in range(40)))


async def test_what_a_call_raises_comes_out():
    def fails():
        raise LookupError("that")

    with pytest.raises(LookupError, match="that"):
        await run(fails)
