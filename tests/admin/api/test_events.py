import asyncio

import pytest
from starlette.requests import Request

from edge import virtual_time
from edge.admin.api.events import HEARTBEAT, EventStream, encode, last_event_id
from edge.admin.errors import Unauthorized, Unavailable
from edge.admin.events import Event, Events


class Watcher:
    """One client of an EventStream: `heard` is what it was sent, in pieces."""

    def __init__(self, events, **options):
        self.heard = []
        self.gone = asyncio.Event()
        self.room = asyncio.Event()
        self.room.set()
        self._stream = EventStream(events, **options)
        self.task = asyncio.create_task(self._stream({"type": "http"}, self._receive, self._send))

    async def _receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        await self.room.wait()
        if message["type"] == "http.response.body" and message["body"]:
            self.heard.append(message["body"].decode())

    @property
    def events(self):
        return [each for each in self.heard if each.startswith("id:")]

    async def leave(self):
        self.gone.set()
        await self.task


async def settle():
    await asyncio.sleep(0.001)


def test_an_event_is_written_with_its_number_kind_and_data():
    written = encode(Event(number=42, kind="upstream", id="u1", revision=7))
    assert written == b'id: 42\nevent: upstream\ndata: {"id":"u1","revision":7}\n\n'


def test_a_watcher_hears_what_happens_after_it_came():
    async def main():
        events = Events(generation=5)
        events.publish("release", "before")
        watcher = Watcher(events)
        await settle()
        events.publish("upstream", "u1", 3)
        events.publish("gateway-server", "g1")
        await settle()
        await watcher.leave()
        return watcher

    watcher = virtual_time.run(main())
    assert watcher.heard[0].startswith("retry:")
    assert [each.splitlines()[1:3] for each in watcher.events] == [
        ["event: upstream", 'data: {"id":"u1","revision":3}'],
        ["event: gateway-server", f'data: {{"id":"g1","revision":{5 * 2**20 + 3}}}'],
    ]


def test_a_watcher_resumes_after_the_event_it_saw_last():
    async def main():
        events = Events(generation=5)
        for number in range(5):
            events.publish("upstream", f"u{number}")
        watcher = Watcher(events, after=events.last - 2)
        await settle()
        await watcher.leave()
        return [each.splitlines()[2] for each in watcher.events]

    assert [line[:13] for line in virtual_time.run(main())] == ['data: {"id":"', 'data: {"id":"']


def test_a_watcher_that_missed_too_much_is_told_to_read_again():
    async def main():
        events = Events(generation=5, kept=2)
        for number in range(5):
            events.publish("upstream", f"u{number}")
        watcher = Watcher(events, after=0)
        await settle()
        events.publish("upstream", "new")
        await settle()
        await watcher.leave()
        return [each.splitlines()[1] for each in watcher.events]

    assert virtual_time.run(main()) == ["event: reset", "event: upstream"]


def test_a_watcher_that_reads_nothing_holds_nobody_up_and_is_reset_later():
    async def main():
        events = Events(generation=5, kept=8)
        slow, quick = Watcher(events), Watcher(events)
        await settle()
        slow.room.clear()
        for number in range(20):
            events.publish("upstream", f"u{number}")
            await settle()
        slow.room.set()
        await settle()
        for watcher in (slow, quick):
            await watcher.leave()
        return slow.events, quick.events

    slow, quick = virtual_time.run(main())
    assert len(quick) == 20
    assert any("event: reset" in each for each in slow)
    assert len(slow) < 10


def test_a_silent_stream_beats():
    async def main():
        watcher = Watcher(Events(generation=5))
        await asyncio.sleep(2 * HEARTBEAT + 1)
        await watcher.leave()
        return watcher.heard

    assert virtual_time.run(main())[1:] == [": still here\n\n"] * 2


@pytest.mark.parametrize(("error", "beats"), [(Unauthorized, 0), (Unavailable, 3)])
def test_a_revoked_token_ends_the_stream_with_the_next_beat_but_a_database_away_does_not(error, beats):
    async def refuse():
        raise error("no")

    async def main():
        watcher = Watcher(Events(generation=5), allowed=refuse)
        await asyncio.sleep(3 * HEARTBEAT + 1)
        ended = watcher.task.done()
        await watcher.leave()
        return ended, len(watcher.heard) - 1

    assert virtual_time.run(main()) == (beats == 0, beats)


@pytest.mark.parametrize(
    ("header", "after"), [(None, None), ("", None), ("17", 17), ("x", 0), ("-3", 0), ("9" * 30, 0), ("٣", 0)]
)
def test_the_last_event_id_is_a_number_or_reads_as_the_beginning(header, after):
    headers = [] if header is None else [(b"last-event-id", header.encode())]
    assert last_event_id(Request({"type": "http", "headers": headers})) == after
