"""Actions of no particular kind."""

from __future__ import annotations

import asyncio
import os

from scenarios.errors import StepError
from scenarios.steps.base import Action
from scenarios.values import Duration, seconds
from scenarios.world import World


class Run(Action):
    """Run a command beside the file, without a shell. It must end with status 0, in time. `EDGE_SCENARIO_GATEWAY`
    is the first gateway's URL, empty where there is none."""

    command: list[str]
    timeout: Duration = "30s"

    async def run(self, world: World) -> str:
        environment = {**os.environ, "EDGE_SCENARIO_GATEWAY": world.first_gateway}
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command,
                cwd=world.beside,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
        except OSError as error:
            raise StepError(f"{self.command[0]} cannot be run: {error}") from None
        try:
            async with asyncio.timeout(seconds(self.timeout)):
                output, _ = await process.communicate()
        except TimeoutError:
            raise StepError(f"{self.command[0]} had not ended after {self.timeout}") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        said = output.decode(errors="replace").strip()
        if process.returncode != 0:
            raise StepError(f"{self.command[0]} ended with {process.returncode}: {said[-1000:]}")
        return said[-1000:]


class Wait(Action):
    """Let time pass; in a file `wait: 2s`. To wait for something, expect it `within` a time instead."""

    duration: Duration

    async def run(self, world: World) -> str:
        await asyncio.sleep(seconds(self.duration))
        return f"{self.duration} passed"
