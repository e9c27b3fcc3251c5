"""A WebSocket that echoes: text and binary messages come back as they came, pings are answered."""

from __future__ import annotations

import asyncio

from websockets.frames import DATA_OPCODES, Frame
from websockets.protocol import Protocol, Side, State

MAX_MESSAGE = 16 << 20


class WebSocketEcho:
    """The frames of one connection, after its handshake."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._protocol = Protocol(Side.SERVER, state=State.OPEN, max_size=MAX_MESSAGE)

    def receive(self, data: bytes) -> None:
        """Take bytes from the client and answer what they complete."""
        if not data:
            return
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode in DATA_OPCODES and self._protocol.state is State.OPEN:
                self._protocol.send_frame(Frame(event.opcode, event.data, event.fin))
        self._flush()

    def close(self) -> None:
        """Say that the pod is going away (1001)."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1001, "the pod ends")
        self._flush()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()
                return
        if self._protocol.close_expected():
            self._transport.close()
