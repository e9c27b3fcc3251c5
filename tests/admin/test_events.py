import asyncio

from edge import virtual_time
from edge.admin.events import Event, Events


async def take(events, count, after=None):
    watch = events.watch(after)
    found = [await anext(watch) for _ in range(count)]
    await watch.aclose()
    return found


def test_a_watcher_hears_what_happens_from_now_on():
    async def play():
        events = Events(7)
        events.publish("release", "before", 1)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(take(events, 2))
            await asyncio.sleep(0)
            events.publish("upstream", "u", 5)
            events.publish("release", "a", 2)
        return watching.result()

    heard = virtual_time.run(play())
    assert [(event.kind, event.id, event.revision) for event in heard] == [("upstream", "u", 5), ("release", "a", 2)]


def test_a_watcher_resumes_behind_the_last_number_it_has_seen():
    async def play():
        events = Events(7)
        for number in range(4):
            events.publish("upstream", str(number), number)
        [first] = await take(events, 1, events.last - 3)
        return [first, *await take(events, 2, first.number)]

    assert [event.id for event in virtual_time.run(play())] == ["1", "2", "3"]


def test_who_resumes_from_before_the_ring_or_from_another_life_reads_everything_again():
    async def play():
        events = Events(7, kept=2)
        old = events.last
        for number in range(5):
            events.publish("upstream", str(number), number)
        return await take(events, 1, old), await take(events, 1, 12), await take(events, 1, 2**60), events.last

    *heard, last = virtual_time.run(play())
    assert heard == [[Event(last, "reset", "", last)]] * 3


def test_numbers_rise_over_restarts():
    first, second = Events(7), Events(8)
    for _ in range(1000):
        first.publish("upstream", "u")
    second.publish("upstream", "u")
    assert second.last > first.last


def test_a_slow_watcher_is_reset_and_holds_nobody_up():
    async def play():
        events = Events(7, kept=3)
        watch = events.watch()
        waiting = asyncio.get_running_loop().create_task(anext(watch))
        await asyncio.sleep(0)
        events.publish("upstream", "first", 1)
        heard = [await waiting]
        for number in range(10):
            events.publish("upstream", str(number), number)
        heard.append(await anext(watch))
        events.publish("upstream", "after", 1)
        heard.append(await anext(watch))
        await watch.aclose()
        return [event.id or event.kind for event in heard]

    assert virtual_time.run(play()) == ["first", "reset", "after"]
