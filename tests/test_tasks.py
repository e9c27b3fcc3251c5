import asyncio

import structlog

from edge.tasks import Tasks


async def test_a_failing_task_is_logged_by_name_and_ends_no_other():
    tasks = Tasks()
    gate = asyncio.Event()

    async def fail():
        raise ValueError("broken")

    survivor = tasks.start(gate.wait(), "survivor")
    with structlog.testing.capture_logs() as logs:
        failing = tasks.start(fail(), "failing")
        await asyncio.wait([failing])
        await asyncio.sleep(0)
    gate.set()
    assert await survivor is True
    assert [(entry["task"], str(entry["exc_info"])) for entry in logs] == [("failing", "broken")]


async def test_closing_ends_every_task_and_waits_for_it():
    tasks = Tasks()
    ended = []

    async def wait():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    tasks.start(wait(), "one")
    tasks.start(wait(), "two")
    await asyncio.sleep(0)
    await tasks.close()
    assert ended == [True, True]
    assert len(tasks) == 0
