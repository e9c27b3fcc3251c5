"""Loops with a time of their own."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from simulator import clock
from simulator.loops import EPOCH, Deadlock, ScaledLoop, run_scaled, run_virtual


def test_virtual_time_waits_for_nothing_and_reaches_every_timer_even_after_a_century() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        reached = []
        await asyncio.sleep(100 * 365 * 86400.0)
        for wait in (0.1, 0.0003, 1 / 3, 1e-7):
            await asyncio.sleep(wait)
            reached.append(loop.time())
        return reached

    began = time.perf_counter()
    reached = run_virtual(main())
    assert reached == sorted(reached)
    assert time.perf_counter() - began < 20


def test_wall_time_and_durations_follow_the_loop() -> None:
    async def main() -> None:
        assert clock.unix() == EPOCH
        began = clock.precise()
        await asyncio.sleep(90)
        assert clock.timestamp(clock.now()) == "2026-01-01T00:01:30Z"
        assert clock.precise() - began == pytest.approx(90, abs=1e-3)
        assert await clock.run_blocking(threading.get_ident) == threading.get_ident()

    run_virtual(main())


def test_what_can_never_happen_is_a_deadlock() -> None:
    with pytest.raises(Deadlock):
        run_virtual(asyncio.Event().wait())


def test_at_a_factor_time_passes_faster_and_blocking_work_does_not_block() -> None:
    async def main() -> None:
        began = clock.unix()
        await asyncio.sleep(30)
        assert 30 <= clock.unix() - began < 300
        assert await clock.run_blocking(threading.get_ident) != threading.get_ident()

    began = time.perf_counter()
    run_scaled(main(), 100)
    assert 0.29 <= time.perf_counter() - began < 3


def test_a_jump_fires_what_is_due_from_another_thread_too() -> None:
    loop = ScaledLoop()
    fired = threading.Event()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    loop.call_soon_threadsafe(lambda: loop.call_later(3600, fired.set))
    time.sleep(0.05)
    assert not fired.is_set()
    loop.advance(3600)
    assert fired.wait(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
