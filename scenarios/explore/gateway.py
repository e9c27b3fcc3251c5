"""A gateway of a run: the real link, subscription, relay and disk; a worker that holds the real snapshot.

Only the channel is ours: it can be cut, which loses what was on its way, and be slow; and it notes what was delivered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Protocol

from edge.gateway import snapshot
from edge.gateway.agent import disk
from edge.gateway.agent.connection import Link, Unreachable
from edge.gateway.agent.relay import WORKERS, Relay
from edge.gateway.snapshot import Snapshot
from edge.model.source import SourceState
from edge.tasks import Tasks
from edge.wire.channel import Channel, ChannelClosed
from edge.wire.content import Content
from edge.wire.hub import Hub
from edge.wire.memory import MemoryChannel, pair
from edge.wire.messages import SourceUpdate, down
from edge.wire.subscription import Subscription


class Wire:
    """The gateway's end of its channel to the Admin."""

    def __init__(self, channel: MemoryChannel, delivered: Callable[[SourceState], None], slowness: float) -> None:
        self._channel = channel
        self._delivered = delivered
        self.slowness = slowness
        self._cut = False

    def send_now(self, frame: bytes) -> bool:
        return self._channel.send_now(frame)

    async def send(self, frame: bytes) -> None:
        await self._channel.send(frame)

    async def receive(self) -> bytes:
        frame = await self._channel.receive()
        if self.slowness:
            await asyncio.sleep(self.slowness)
        if self._cut:
            raise ChannelClosed("cut")
        message, _ = down.read(frame)
        if isinstance(message, SourceUpdate):
            self._delivered(message.state)
        return frame

    async def close(self, reason: str = "") -> None:
        await self._channel.close(reason)

    async def cut(self) -> None:
        """Lose what is on its way, in both directions."""
        self._cut = True
        await self._channel.close("cut")


class MemoryDisk(disk.Disk):
    """The agent's own disk, whose file is bytes: they outlive the gateway, as a file does."""

    def __init__(self, file: bytes = b"") -> None:
        super().__init__(Path("snapshot"))
        self.file = file

    def load(self) -> Content | None:
        return disk.decode(self.file) if self.file else None

    async def write(self) -> None:
        if self._content is None or not self._noted.is_set():
            return
        self._noted.clear()
        if (content := self._content()).manifest.applications:
            self.file = disk.encode(content)


class Watcher(Protocol):
    """Who is told what a gateway is given and serves. Called synchronously."""

    def delivered(self, gateway: Gateway, state: SourceState) -> None: ...

    def swapped(self, gateway: Gateway, before: Snapshot, after: Snapshot) -> None: ...


class Worker:
    """The receiver of a worker's subscription, without its data path: it holds the snapshot."""

    def __init__(self, swapped: Callable[[Snapshot, Snapshot], None]) -> None:
        self.snapshot = snapshot.NOTHING
        self._swapped = swapped

    def apply(self, content: Content) -> Mapping[str, str]:
        after, refused = snapshot.build(self.snapshot, content)
        self._swap(after)
        return refused

    def apply_source(self, state: SourceState) -> None:
        self._swap(snapshot.with_source(self.snapshot, state))

    def _swap(self, after: Snapshot) -> None:
        before, self.snapshot = self.snapshot, after
        if before is not after:
            self._swapped(before, after)


class Gateway:
    """One gateway server. `admin` answers the Admin's hub, None while there is no Admin."""

    def __init__(
        self,
        name: str,
        admin: Callable[[], Hub | None],
        random: Random,
        watcher: Watcher,
        worker: Callable[[Callable[[Snapshot, Snapshot], None]], Worker] = Worker,
    ) -> None:
        self._make_worker = worker
        self.name = name
        self._admin = admin
        self._random = random
        self._watcher = watcher
        self._tasks = Tasks()
        self._slowness = 0.0
        self._wire: Wire | None = None
        self.disk = MemoryDisk()
        self.worker: Worker

    @property
    def serves(self) -> Snapshot:
        return self.worker.snapshot

    def start(self) -> None:
        """Begin, with what the disk knows."""
        self.disk = MemoryDisk(self.disk.file)
        relay = Relay(1, self.disk.load(), released=self.disk.note_release, changed=self.disk.note)
        self.disk.follow(lambda: relay.subscription.content)
        self.worker = self._make_worker(lambda before, after: self._watcher.swapped(self, before, after))
        link = Link(self._dial, relay.subscription.run, refused=lambda _: False, randomness=self._random)
        ours, theirs = pair()
        self._tasks.start(self.disk.run(), f"disk of {self.name}")
        self._tasks.start(relay.hub.serve(ours, WORKERS, "worker-1"), f"workers of {self.name}")
        self._tasks.start(Subscription(self.worker).run(theirs), f"worker of {self.name}")
        self._tasks.start(link.run(), f"link of {self.name}")

    async def kill(self) -> None:
        """End it as SIGKILL does: nothing more is written."""
        await self.cut()
        await self._tasks.close()

    async def cut(self) -> None:
        """Cut the connection to the Admin."""
        if self._wire is not None:
            await self._wire.cut()

    def slow(self, seconds: float) -> None:
        """Let every frame from the Admin take this long, from now on."""
        self._slowness = seconds
        if self._wire is not None:
            self._wire.slowness = seconds

    async def _dial(self) -> Channel:
        hub = self._admin()
        if hub is None:
            raise Unreachable("there is no Admin")
        ours, theirs = pair()
        self._wire = Wire(theirs, lambda state: self._watcher.delivered(self, state), self._slowness)
        self._tasks.start(hub.serve(ours, "p", self.name), f"{self.name} at the Admin")
        return self._wire
