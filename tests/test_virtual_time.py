import asyncio
from datetime import UTC, datetime

import pytest

from edge import clock, virtual_time


def test_an_hour_passes_at_once_and_the_clocks_agree_on_it():
    async def main():
        before, start = clock.now(), clock.precise()
        await asyncio.sleep(3600)
        return (clock.now() - before).total_seconds(), clock.precise() - start

    wall, precise = virtual_time.run(main())
    assert wall == pytest.approx(3600)
    assert precise == pytest.approx(3600)


def test_it_starts_at_its_epoch():
    async def main():
        return clock.now()

    assert virtual_time.run(main(), epoch=0.0) == datetime(1970, 1, 1, tzinfo=UTC)


def test_timers_fire_in_the_order_of_their_deadlines():
    async def main():
        order = []

        async def note(delay):
            await asyncio.sleep(delay)
            order.append(delay)

        await asyncio.gather(note(3), note(1), note(2))
        return order

    assert virtual_time.run(main()) == [1, 2, 3]


def test_blocking_work_runs_inline_so_that_no_thread_can_change_the_order():
    async def main():
        import threading

        return await clock.run_blocking(threading.get_ident) == threading.get_ident()

    assert virtual_time.run(main())


def test_waiting_for_nothing_is_an_error_instead_of_a_hang():
    async def main():
        await asyncio.Event().wait()

    with pytest.raises(virtual_time.VirtualTimeDeadlock):
        virtual_time.run(main())


def test_small_steps_still_count_after_many_years():
    async def main():
        await asyncio.sleep(40 * 365 * 86400)
        for _ in range(100):
            await asyncio.sleep(1e-7)
        return asyncio.get_running_loop().time()

    assert virtual_time.run(main()) >= 40 * 365 * 86400
