"""Actions on the API server itself. On a kind cluster it is the control plane's node that goes, with all that runs on
it; pods are on the other nodes."""

from __future__ import annotations

from typing import ClassVar

from scenarios.model import Need
from scenarios.steps.base import Action
from scenarios.world import World


class StopApiServer(Action):
    """Stop the API server; pods go on. With `keep: false` it forgets everything, which only the simulator's can."""

    keep: bool = True

    def needed(self) -> Need | None:
        return "api-server" if self.keep else "simulator"

    async def run(self, world: World) -> str:
        await world.api_server.stop(self.keep)
        world.away[_name(world)] = "stopped"
        return "the API server is stopped"


class StartApiServer(Action):
    """Start the API server again where it was."""

    needs: ClassVar[Need | None] = "api-server"

    async def run(self, world: World) -> str:
        await world.api_server.start()
        world.away.pop(_name(world), None)
        return "the API server runs"


class PauseApiServer(Action):
    """Let the API server stand still: connections stay open and silent, for everybody; pods go on."""

    needs: ClassVar[Need | None] = "api-server"

    async def run(self, world: World) -> str:
        await world.api_server.pause()
        world.away[_name(world)] = "silent"
        return "the API server stands still"


class ResumeApiServer(Action):
    """Let a paused API server go on."""

    needs: ClassVar[Need | None] = "api-server"

    async def run(self, world: World) -> str:
        await world.api_server.resume()
        world.away.pop(_name(world), None)
        return "the API server goes on"


def _name(world: World) -> str:
    return f"API server of {world.cluster}"
