import asyncio

import pytest
from starlette.websockets import WebSocket

from edge.admin.errors import Invalid
from edge.admin.gateways.connection import ServerChannel, reached_at
from edge.wire.channel import ChannelClosed


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("gateway.example.com:8080", "gateway.example.com:8080"),
        ("10.0.0.7:8080", "10.0.0.7:8080"),
        ("0.0.0.0:8080", "192.0.2.7:8080"),
        ("[::]:8080", "192.0.2.7:8080"),
        (":8080", "192.0.2.7:8080"),
        ("8080", "192.0.2.7:8080"),
        ("gateway.example.com", "gateway.example.com"),
        ("[fd00::7]:8080", "[fd00::7]:8080"),
        ("fd00::7", "[fd00::7]"),
        ("", "192.0.2.7"),
    ],
)
def test_a_gateway_is_reached_where_it_says_or_at_its_side_of_the_connection(said, shown):
    assert reached_at(said, "192.0.2.7") == shown


@pytest.mark.parametrize("said", ["host:http", "host:0", "host:65536", "[::1]:x", "host:-1"])
def test_a_port_that_is_none_is_refused(said):
    with pytest.raises(Invalid, match="HOST:PORT"):
        reached_at(said, "192.0.2.7")


class Peer:
    """The server's side of a WebSocket: what the application hears is said here, what it says is kept."""

    def __init__(self):
        self.says = asyncio.Queue()
        self.heard = []
        self.broken = None
        self.room = asyncio.Event()
        self.room.set()
        self.says.put_nowait({"type": "websocket.connect"})

    async def receive(self):
        return await self.says.get()

    async def send(self, message):
        await self.room.wait()
        if self.broken:
            raise self.broken
        self.heard.append(message)

    async def channel(self):
        websocket = WebSocket({"type": "websocket", "headers": []}, self.receive, self.send)
        await websocket.accept()
        self.heard.clear()
        return ServerChannel(websocket)


async def test_frames_are_binary_messages_both_ways():
    peer = Peer()
    channel = await peer.channel()
    await channel.send(b"manifest")
    peer.says.put_nowait({"type": "websocket.receive", "bytes": b"report"})
    assert await channel.receive() == b"report"
    assert peer.heard == [{"type": "websocket.send", "bytes": b"manifest"}]


async def test_a_frame_goes_at_once_where_there_is_room_and_not_at_all_where_there_is_none():
    peer = Peer()
    channel = await peer.channel()
    assert channel.send_now(b"one")
    peer.room.clear()
    assert not channel.send_now(b"two")
    peer.room.set()
    await channel.send(b"three")
    assert [message["bytes"] for message in peer.heard] == [b"one", b"three"]
    peer.broken = OSError("broken pipe")
    with pytest.raises(ChannelClosed):
        channel.send_now(b"four")


async def test_a_gateway_that_leaves_closes_the_channel_with_its_reason():
    peer = Peer()
    channel = await peer.channel()
    peer.says.put_nowait({"type": "websocket.disconnect", "code": 1001, "reason": "going away"})
    with pytest.raises(ChannelClosed) as raised:
        await channel.receive()
    assert raised.value.reason == "going away (1001)"
    with pytest.raises(ChannelClosed):
        await channel.send(b"too late")
    with pytest.raises(ChannelClosed):
        await channel.receive()


@pytest.mark.parametrize("error", [OSError("broken pipe"), RuntimeError("Unexpected ASGI message")])
async def test_a_connection_lost_while_sending_closes_the_channel(error):
    peer = Peer()
    channel = await peer.channel()
    peer.broken = error
    with pytest.raises(ChannelClosed):
        await channel.send(b"manifest")


async def test_text_is_not_spoken_here():
    peer = Peer()
    channel = await peer.channel()
    peer.says.put_nowait({"type": "websocket.receive", "text": "hello"})
    with pytest.raises(ChannelClosed, match="binary"):
        await channel.receive()
    assert peer.heard[-1]["code"] == 1003


async def test_closing_says_why_once_and_never_more_than_a_close_frame_holds():
    peer = Peer()
    channel = await peer.channel()
    await channel.close("é" * 100)
    await channel.close("again")
    assert [message["type"] for message in peer.heard] == ["websocket.close"]
    assert len(peer.heard[0]["reason"].encode()) <= 123
