from __future__ import annotations

import asyncio

from edge import virtual_time
from simulator.controllers.queue import Gate, Queue
from simulator.errors import bad_request


def test_a_key_added_often_is_worked_on_once() -> None:
    async def main() -> list[str]:
        done: list[str] = []
        queue = Queue("test", done.append, Gate())
        for key in ("a", "b", "a"):
            queue.add(key)
        assert done == []
        await asyncio.sleep(0.001)
        return done

    assert virtual_time.run(main()) == ["a", "b"]


def test_failed_work_comes_back_later_and_later() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        times: list[float] = []

        def work(key: str) -> None:
            times.append(round(loop.time(), 4))
            if len(times) < 4:
                raise bad_request("not yet")

        Queue("test", work, Gate()).add("a")
        await asyncio.sleep(1)
        return times

    assert virtual_time.run(main()) == [0.0, 0.005, 0.015, 0.035]


def test_a_closed_gate_keeps_the_work_until_it_opens() -> None:
    async def main() -> None:
        done: list[str] = []
        gate = Gate()
        queue = Queue("test", done.append, gate)
        gate.close()
        queue.add("a")
        await asyncio.sleep(1)
        assert done == []
        gate.reopen()
        await asyncio.sleep(1)
        assert done == ["a"]

    virtual_time.run(main())


def test_an_earlier_wish_wins_over_a_later_one() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        times: list[float] = []
        queue = Queue("test", lambda key: times.append(round(loop.time(), 3)), Gate())
        queue.add_after("a", 5)
        queue.add_after("a", 1)
        queue.add_after("a", 3)
        await asyncio.sleep(10)
        return times

    assert virtual_time.run(main()) == [1.0]


def test_a_key_whose_work_concerned_much_rests_as_long_as_a_real_controller_works() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        times: list[float] = []

        def work(key: str) -> None:
            times.append(round(loop.time(), 4))
            queue.rest(key, 10_000 if key == "large" else 10)

        queue = Queue("test", work, Gate())
        queue.add("large")
        await asyncio.sleep(0.1)
        for _ in range(3):
            queue.add("large")
        await asyncio.sleep(0.1)
        queue.add("small")
        await asyncio.sleep(0)
        queue.add("small")
        await asyncio.sleep(1)
        return times

    assert virtual_time.run(main()) == [0.0, 0.2, 0.2, 0.25]
