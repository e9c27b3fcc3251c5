import asyncio

from edge import virtual_time
from scenarios.disturbances import DISTURBANCES, Disturbances
from scenarios.timeline import Timeline


def test_what_is_in_the_way_is_a_span_from_its_begin_to_its_end():
    async def main():
        timeline = Timeline()
        disturbances = Disturbances(timeline)
        for names in (["a fault"], ["a fault", "admin is down"], ["admin is down"], []):
            disturbances.now_are(iter(names))
            await asyncio.sleep(1)
        return timeline.events

    events = virtual_time.run(main())
    assert [(event.lane, event.text, round(event.at, 3), round(event.seconds, 3)) for event in events] == [
        (DISTURBANCES, "a fault", 0, 2),
        (DISTURBANCES, "admin is down", 1, 2),
    ]
