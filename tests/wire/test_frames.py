import asyncio
import socket

import pytest
import uvloop

from edge.tasks import Tasks
from edge.wire.channel import ChannelClosed
from edge.wire.frames import FrameChannel


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request):
    def runs(coroutine):
        with asyncio.Runner(loop_factory=request.param) as runner:
            return runner.run(coroutine)

    return runs


def channels(limit=1 << 20):
    one, other = socket.socketpair()
    return FrameChannel(one, limit), FrameChannel(other, limit)


def test_messages_of_all_sizes_arrive_whole_and_in_order(run):
    sizes = [0, 1, 4, 65_535, 65_536, 300_000, 3]

    async def main():
        one, other = channels()
        tasks = Tasks()

        async def send():
            for size in sizes:
                await one.send(b"%c" % (size % 256) * size)

        tasks.start(send(), "send")
        for size in sizes:
            assert await other.receive() == b"%c" % (size % 256) * size
        await one.close()
        await other.close()

    run(main())


def test_a_message_is_on_the_socket_when_send_now_returns(run):
    async def main():
        one, raw = socket.socketpair()
        channel = FrameChannel(one)
        raw.setblocking(False)
        assert channel.send_now(b"now")
        assert raw.recv(100) == b"\x00\x00\x00\x03now"
        await channel.close()
        raw.close()

    run(main())


def test_a_reader_that_does_not_read_is_felt_and_loses_nothing(run):
    async def main():
        one, raw = socket.socketpair()
        channel = FrameChannel(one)
        raw.setblocking(False)
        sent = 0
        while channel.send_now(b"x" * 50_000):
            sent += 1
        assert 0 < sent < 1000
        tasks = Tasks()
        last = tasks.start(channel.send(b"last"), "send")
        other = FrameChannel(raw)
        for _ in range(sent):
            assert await other.receive() == b"x" * 50_000
        assert await other.receive() == b"last"
        await last
        await channel.close()
        await other.close()

    run(main())


def test_reading_stops_while_many_messages_wait(run):
    async def main():
        one, other = channels()
        for _ in range(20_000):
            if not one.send_now(b"y" * 100):
                break
        await asyncio.sleep(0.01)
        assert "unread=20000" not in repr(other)
        first = await other.receive()
        assert first == b"y" * 100
        await one.close()
        await other.close()

    run(main())


def test_a_message_beyond_the_limit_closes_the_channel_with_the_reason(run):
    async def main():
        one, raw = socket.socketpair()
        channel = FrameChannel(one, limit=1000)
        raw.send((1001).to_bytes(4, "big") + b"x")
        with pytest.raises(ChannelClosed, match="1001 bytes came; at most 1000"):
            await channel.receive()
        with pytest.raises(ValueError, match="2000 bytes"):
            FrameChannel(raw, limit=1000).send_now(b"x" * 2000)
        raw.close()

    run(main())


def test_closing_wakes_both_sides_and_what_had_arrived_can_still_be_read(run):
    async def main():
        one, other = channels()
        one.send_now(b"last words")
        tasks = Tasks()
        waiting = tasks.start(one.receive(), "receive")
        await asyncio.sleep(0)
        await one.close("done")
        with pytest.raises(ChannelClosed, match="done"):
            await waiting
        assert await other.receive() == b"last words"
        with pytest.raises(ChannelClosed, match="closed by the other side"):
            await other.receive()
        with pytest.raises(ChannelClosed):
            one.send_now(b"more")

    run(main())
