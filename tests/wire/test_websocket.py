import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from edge.wire.channel import ChannelClosed
from edge.wire.websocket import WebSocketChannel


async def test_messages_arrive_whole_until_the_other_side_closes_with_its_reason():
    async def echo_once(connection):
        await connection.send(await connection.recv())
        await connection.close(1000, "revoked")

    async with serve(echo_once, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        channel = WebSocketChannel(await connect(f"ws://127.0.0.1:{port}/", proxy=None))
        await channel.send(b"a\nb\x00")
        assert await channel.receive() == b"a\nb\x00"
        for attempt in (channel.receive(), channel.receive(), channel.send(b"more")):
            with pytest.raises(ChannelClosed, match="closed by the Admin: revoked"):
                await attempt


async def test_a_reason_longer_than_a_close_frame_is_cut():
    reasons = []

    async def listen(connection):
        await connection.wait_closed()
        reasons.append(connection.close_reason)

    async with serve(listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        channel = WebSocketChannel(await connect(f"ws://127.0.0.1:{port}/", proxy=None))
        await channel.close("é" * 200)
        with pytest.raises(ChannelClosed, match="closed here: é"):
            await channel.receive()
    assert reasons == ["é" * 61]
