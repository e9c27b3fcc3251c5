"""Actions on nodes as machines: standing still, shut down, without a network. What a case leaves so is undone at its
end."""

from __future__ import annotations

from typing import ClassVar

from scenarios.model import Need
from scenarios.steps.base import Action
from scenarios.steps.nodes import OfNode
from scenarios.world import World


class PauseNode(OfNode):
    """Let a node stand still: its connections, and those of its pods, stay open and silent."""

    needs: ClassVar[Need | None] = "nodes"

    async def run(self, world: World) -> str:
        name = await self.chosen(world)
        await world.nodes.pause(name)
        return f"node/{name} stands still"


class StopNode(OfNode):
    """Shut a node down, with its pods."""

    needs: ClassVar[Need | None] = "nodes"

    async def run(self, world: World) -> str:
        name = await self.chosen(world)
        await world.nodes.stop(name)
        return f"node/{name} is shut down"


class CutNode(OfNode):
    """Take a node off its network; it and its pods run on."""

    needs: ClassVar[Need | None] = "nodes"

    async def run(self, world: World) -> str:
        name = await self.chosen(world)
        await world.nodes.cut(name)
        return f"node/{name} is cut off"


class BackAgain(Action):
    """Undoes one of the above for a node, or without `node` for every one that is so."""

    needs: ClassVar[Need | None] = "nodes"
    undoes: ClassVar[str]  # as `Nodes.changed` calls it

    node: str = ""

    async def run(self, world: World) -> str:
        names = [self.node] if self.node else world.nodes.changed(self.undoes)
        for name in names:
            await self.undo(world, name)
        return f"{', '.join(f'node/{name}' for name in names) or 'no node'} is back"

    async def undo(self, world: World, name: str) -> None:
        raise NotImplementedError


class ResumeNode(BackAgain):
    """Let a paused node go on; without `node` every one."""

    undoes: ClassVar[str] = "paused"

    async def undo(self, world: World, name: str) -> None:
        await world.nodes.resume(name)


class StartNode(BackAgain):
    """Start a node that was shut down; without `node` every one."""

    undoes: ClassVar[str] = "stopped"

    async def undo(self, world: World, name: str) -> None:
        await world.nodes.start(name)


class JoinNode(BackAgain):
    """Bring a node that was cut off back to its network; without `node` every one."""

    undoes: ClassVar[str] = "cut"

    async def undo(self, world: World, name: str) -> None:
        await world.nodes.join(name)
