import asyncio
from collections import deque

from edge import virtual_time
from edge.tasks import Tasks
from edge.wire.memory import pair
from edge.wire.writer import Writer


class Patient:
    """A channel without `send_now` that has room when told so."""

    def __init__(self):
        self.sent = []
        self.room = asyncio.Semaphore(0)

    async def send(self, frame):
        await self.room.acquire()
        self.sent.append(frame)


def of(due):
    return lambda: due.popleft() if due else None


def test_what_is_due_is_sent_in_the_same_call_where_the_channel_takes_it():
    async def main():
        one, other = pair()
        writer = Writer(one, of(deque([b"a", b"b"])))
        writer.wake()
        assert [await other.receive(), await other.receive()] == [b"a", b"b"]

    virtual_time.run(main())


def test_what_waits_is_asked_for_only_when_there_is_room():
    async def main():
        channel, newest = Patient(), {"value": b"1", "due": True}

        def next_frame():
            if not newest["due"]:
                return None
            newest["due"] = False
            return newest["value"]

        writer, tasks = Writer(channel, next_frame), Tasks()
        tasks.start(writer.run(), "writer")
        writer.wake()
        await asyncio.sleep(1)
        for value in (b"2", b"3", b"4"):
            newest.update(value=value, due=True)
            writer.wake()
        channel.room.release()
        await asyncio.sleep(1)
        channel.room.release()
        await asyncio.sleep(1)
        assert channel.sent == [b"1", b"4"]
        await tasks.close()

    virtual_time.run(main())


def test_a_frame_that_found_no_room_is_sent_first_when_there_is():
    async def main():
        one, other = pair(capacity=1)
        due = deque([b"a", b"b", b"c"])
        writer, tasks = Writer(one, of(due)), Tasks()
        writer.wake()
        writer.wake()
        tasks.start(writer.run(), "writer")
        assert [await other.receive() for _ in range(3)] == [b"a", b"b", b"c"]
        await tasks.close()

    virtual_time.run(main())


def test_a_closed_channel_ends_the_writer_and_waking_it_does_nothing():
    async def main():
        one, other = pair(capacity=1)
        writer, tasks = Writer(one, of(deque([b"a", b"b"]))), Tasks()
        running = tasks.start(writer.run(), "writer")
        writer.wake()
        await other.close()
        await running
        Writer(one, of(deque([b"a"]))).wake()

    virtual_time.run(main())
