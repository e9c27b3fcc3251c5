"""Actions on Edge's own processes: `admin`, `gateway-1`, …"""

from __future__ import annotations

import os
import signal
from typing import ClassVar

from scenarios.errors import StepError
from scenarios.steps.base import Action
from scenarios.world import World


class Stop(Action):
    """End a process as an operator does (SIGTERM), and wait until it has ended."""

    process: str

    async def run(self, world: World) -> str:
        await world.house.child(self.process).stop(timeout=60)
        return f"{self.process} stopped"


class Kill(Action):
    """Kill a process at once (SIGKILL)."""

    process: str

    async def run(self, world: World) -> str:
        await world.house.kill(self.process)
        return f"{self.process} killed"


class Start(Action):
    """Start a process that was stopped or killed, where it was; done when it is ready."""

    process: str

    async def run(self, world: World) -> str:
        world.house.child(self.process)
        if self.process == "admin":
            await world.house.start_admin()
        else:
            await world.house.start_gateway(self.process)
        return f"{self.process} is ready"


class Pause(Action):
    """Let a process stand still (SIGSTOP); its connections stay open and silent. A gateway's workers do so, too."""

    process: str

    async def run(self, world: World) -> str:
        _signal(world, self.process, signal.SIGSTOP)
        world.away[self.process] = "paused"
        return f"{self.process} stands still"


class Resume(Action):
    """Let a paused process go on."""

    process: str

    async def run(self, world: World) -> str:
        _signal(world, self.process, signal.SIGCONT)
        world.away.pop(self.process, None)
        return f"{self.process} goes on"


def _signal(world: World, process: str, number: int) -> None:
    world.house.child(process).signal(number)
    if process != "admin":
        for worker in world.house.worker_ids(process):
            os.kill(worker, number)


class OfWorker(Action):
    """An action on one worker process of a gateway, the oldest."""

    gateway: str

    number: ClassVar[int]
    done: ClassVar[str]

    async def run(self, world: World) -> str:
        workers = world.house.worker_ids(self.gateway)
        if not workers:
            raise StepError(f"{self.gateway} has no worker")
        os.kill(workers[0], self.number)
        return f"a worker of {self.gateway} {self.done}"


class KillWorker(OfWorker):
    """Kill one worker process of a gateway (SIGKILL); its agent starts another."""

    number, done = signal.SIGKILL, "killed"


class StopWorker(OfWorker):
    """End one worker process of a gateway (SIGTERM); its agent starts another."""

    number, done = signal.SIGTERM, "told to end"


class PauseWorker(OfWorker):
    """Let one worker process of a gateway stand still (SIGSTOP)."""

    number, done = signal.SIGSTOP, "stands still"


class ResumeWorker(OfWorker):
    """Let it go on (SIGCONT)."""

    number, done = signal.SIGCONT, "goes on"
