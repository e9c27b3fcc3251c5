"""Routes from this machine to the pods of a kind cluster: a node's pod network by way of the node's own address.

Made with `ip` where this process may change routes (root, CAP_NET_ADMIN). Where it may not, a container of the nodes'
own image does it in the network of the machine that Docker runs on, which whoever may use Docker may do, too. What was
made is removed at the end; a route that is there already is used, and left.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence

from scenarios.errors import StepError, TargetError
from scenarios.targets.kind.nodes import Docker

Route = tuple[str, str]
"""(network, address of the node that leads there)."""


class Routes:
    """Those of one cluster. `image` has the program `ip`, as the images of kind's nodes do."""

    def __init__(self, docker: Docker, image: str) -> None:
        self._docker, self._image = docker, image
        self._made: list[Route] = []

    def __repr__(self) -> str:
        return f"<Routes {self._made}>"

    async def add(self, routes: Sequence[Route]) -> None:
        """TargetError when one cannot be made or leads elsewhere already."""
        for network, node in routes:
            there = await self._ip(*_route("show", network))
            if f" via {node} " in f" {there} ":
                continue
            if there:
                raise TargetError(
                    f"the kind cluster's pods are in {network}, to which another route leads already ({there}): when "
                    f"nothing needs it, `sudo ip route del {network}`"
                )
            await self._ip(*_route("add", network), "via", node)
            self._made.append((network, node))

    async def remove(self) -> None:
        """TargetError with the first that could not be removed; the others are."""
        wrong: TargetError | None = None
        while self._made:
            network, node = self._made.pop()
            try:
                await self._ip(*_route("del", network), "via", node)
            except TargetError as error:
                wrong = wrong or error
        if wrong is not None:
            raise wrong

    async def _ip(self, *arguments: str) -> str:
        program = shutil.which("ip")
        if program is not None:
            code, said = await _run(program, *arguments)
            if code == 0:
                return said
            if "not permitted" not in said:
                raise TargetError(f"`ip {' '.join(arguments)}` failed: {said}")
        try:
            return await self._inside(arguments)
        except StepError as error:
            raise TargetError(
                "the kind cluster's pods cannot be routed to, neither by this process (`sudo ip "
                f"{' '.join(arguments)}` would) nor by a container: {error}"
            ) from None

    async def _inside(self, arguments: Sequence[str]) -> str:
        output = await self._docker.do(
            "change the machine's routes",
            lambda docker: docker.containers.run(
                self._image,
                list(arguments),
                entrypoint="ip",
                network_mode="host",
                cap_add=["NET_ADMIN"],
                remove=True,
            ),
        )
        return str(output.decode(errors="replace").strip())


def _route(verb: str, network: str) -> list[str]:
    """`ip route show` looks for IPv4 only, unless it is told otherwise."""
    return [*(["-6"] if ":" in network else []), "route", verb, network]


async def _run(*command: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, output.decode(errors="replace").strip()
