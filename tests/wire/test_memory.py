import asyncio

import pytest

from edge import virtual_time
from edge.tasks import Tasks
from edge.wire.channel import ChannelClosed
from edge.wire.memory import pair


def test_messages_arrive_whole_and_in_order_both_ways():
    async def main():
        one, other = pair()
        await one.send(b"a")
        await one.send(b"b\n")
        await other.send(b"c")
        assert [await other.receive(), await other.receive(), await one.receive()] == [b"a", b"b\n", b"c"]

    virtual_time.run(main())


def test_a_full_channel_takes_nothing_at_once_and_goes_on_when_read():
    async def main():
        one, other = pair(capacity=1)
        assert one.send_now(b"a")
        assert not one.send_now(b"b")
        tasks = Tasks()
        sending = tasks.start(one.send(b"b"), "send")
        await asyncio.sleep(1)
        assert not sending.done()
        assert await other.receive() == b"a"
        await sending
        assert await other.receive() == b"b"

    virtual_time.run(main())


def test_closing_wakes_who_waits_on_either_side_with_the_reason():
    async def main():
        one, other = pair(capacity=1)
        one.send_now(b"a")
        tasks = Tasks()
        waiting = [tasks.start(one.receive(), "receive"), tasks.start(one.send(b"b"), "send")]
        await asyncio.sleep(0)
        await other.close("enough")
        for waiter in waiting:
            with pytest.raises(ChannelClosed, match="enough"):
                await waiter
        assert await other.receive() == b"a"
        with pytest.raises(ChannelClosed, match="enough"):
            await other.receive()
        with pytest.raises(ChannelClosed):
            one.send_now(b"c")

    virtual_time.run(main())
