import asyncio

from edge import virtual_time
from edge.admin.console.live import news, watches
from edge.admin.events import Event, Events


def test_a_page_is_told_of_what_it_watches_and_of_lost_events():
    wanted = frozenset({"upstream:u1", "gateway-server"})
    assert watches(wanted, Event(1, "upstream", "u1", 1))
    assert not watches(wanted, Event(1, "upstream", "u2", 1))
    assert watches(wanted, Event(1, "gateway-server", "any", 1))
    assert watches(wanted, Event(1, "reset", "", 1))


def test_the_first_change_is_told_at_once_a_storm_at_most_ten_times_a_second_and_silence_with_a_heartbeat():
    async def main():
        loop, events = asyncio.get_running_loop(), Events(1)
        before = events.last
        events.publish("upstream", "while the page was on its way")
        stream = news(events, frozenset({"upstream"}), before)
        assert await anext(stream) == b": watching\n\n"
        assert await anext(stream) == b"event: news\ndata: {}\n\n"
        upcoming = asyncio.create_task(anext(stream))
        await asyncio.sleep(1)
        start = loop.time()
        events.publish("upstream", "u1")
        assert await upcoming == b"event: news\ndata: {}\n\n"
        assert loop.time() - start < 0.001
        for number in range(100):
            events.publish("upstream", f"u{number}")
        assert b"news" in await anext(stream)
        assert 0.1 <= loop.time() - start < 0.11
        events.publish("release", "a1")
        assert await anext(stream) == b": still here\n\n"
        assert loop.time() - start >= 15
        await stream.aclose()

    virtual_time.run(main())
