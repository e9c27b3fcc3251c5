"""A worker's process for tests, without a data path: `odd_worker.py HOW ARGUMENT`.

`steady` subscribes and ends when its channel closes; `stubborn` does not end then; `crash` ends at once with 3;
`once FILE` crashes the first time, and is steady when FILE exists; `leave FILE` says the first time that it is leaving,
and goes on until its channel closes."""

import asyncio
import socket
import sys
from pathlib import Path

from edge.gateway import launch
from edge.wire.frames import FrameChannel
from edge.wire.subscription import Subscription


class Nothing:
    def apply(self, content):
        return {}

    def apply_source(self, state):
        pass


async def main(how, told):
    channel = FrameChannel(socket.socket(fileno=told.channel))
    for descriptor in told.listeners:
        socket.socket(fileno=descriptor).getsockname()
    answers = {"index": lambda: str(told.index).encode(), "name": lambda: told.settings.name.encode()}
    subscription = Subscription(Nothing(), answers=answers)
    if how == "leave" and first:
        asyncio.get_running_loop().call_later(0.05, subscription.leave, b"{}")
    await subscription.run(channel)
    if how == "stubborn":
        await asyncio.Event().wait()


how, argument = sys.argv[1], launch.read(sys.argv[-1])
if how == "crash":
    sys.exit(3)
first = how in ("once", "leave") and not Path(sys.argv[2]).exists()
if first:
    Path(sys.argv[2]).touch()
if how == "once" and first:
    sys.exit(3)
asyncio.run(main(how, argument))
