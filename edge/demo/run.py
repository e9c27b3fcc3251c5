"""Start everything, play the tutorial, say how to go on, and end everything."""

from __future__ import annotations

import asyncio
import secrets
import signal
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from edge import clock
from edge.demo import kubernetes
from edge.demo.admin import AdminClient
from edge.demo.processes import Child, DemoError, port_or_any, start
from edge.demo.tutorial import HOST, Tutorial
from edge.tasks import Tasks

T = TypeVar("T")


class Terminal:
    """A narrator on standard output: one line a step with its duration, what was seen indented below."""

    def __init__(self) -> None:
        self.durations: list[tuple[str, float]] = []

    async def step(self, title: str, deed: Callable[[], Awaitable[tuple[str, T]]]) -> T:
        started = clock.precise()
        try:
            shown, result = await deed()
        except DemoError:
            click.echo(f"{click.style('✗', fg='red')} {title}")
            raise
        took = clock.precise() - started
        self.durations.append((title, took))
        click.echo(f"{click.style('✓', fg='green')} {title}  {click.style(f'{took:.2f} s', dim=True)}")
        for line in shown.splitlines():
            click.echo(f"    {line}")
        return result

    def account(self, total: float) -> None:
        """Say where the time went."""
        click.echo(f"\nall steps held in {total:.2f} s; the longest:")
        for title, took in sorted(self.durations, key=lambda item: -item[1])[:5]:
            click.echo(f"    {took:5.2f} s  {title}")


class Demo:
    """One run. `stay` keeps everything up after the tutorial until a signal comes or a process ends."""

    def __init__(self, stay: bool) -> None:
        self._stay = stay
        self._terminal = Terminal()
        self._tasks = Tasks()
        self._children: list[Child] = []
        self._asked_to_end = asyncio.Event()
        self._held = False

    async def run(self) -> int:
        """0 when every step held, else 1; 130 when interrupted before the end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._asked_to_end.set)
        with tempfile.TemporaryDirectory(prefix="edge-demo-") as folder:
            try:
                return await self._until_asked_to_end(self._outcome(Path(folder)))
            finally:
                for child in reversed(self._children):
                    await child.stop()
                await self._tasks.close()

    async def _outcome(self, folder: Path) -> int:
        try:
            return await self._play(folder)
        except DemoError as error:
            click.echo(str(error), err=True)
            return 1

    async def _until_asked_to_end(self, deed: Coroutine[Any, Any, int]) -> int:
        playing = self._tasks.start(deed, "demo")
        asked = self._tasks.start(self._asked_to_end.wait(), "signal")
        await asyncio.wait([playing, asked], return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            return int(playing.result())
        playing.cancel()
        await asyncio.wait([playing])
        return 0 if self._held else 130

    async def _start(
        self,
        name: str,
        *arguments: str,
        ports: dict[str, int],
        folder: Path,
        environment: dict[str, str] | None = None,
    ) -> Child:
        """Start a process on the usual `ports` (option → port) where they are free, else on others; also when somebody
        takes one between looking and binding."""
        try:
            usual = {option: port_or_any(port) for option, port in ports.items()}
            return await self._start_on(name, arguments, usual, folder, environment)
        except DemoError as error:
            if "in use" not in str(error):
                raise
            return await self._start_on(name, arguments, dict.fromkeys(ports, 0), folder, environment)

    async def _start_on(
        self,
        name: str,
        arguments: Sequence[str],
        ports: dict[str, int],
        folder: Path,
        environment: dict[str, str] | None,
    ) -> Child:
        listen = [text for option, port in ports.items() for text in (option, f"127.0.0.1:{port}")]
        child = await start(name, [*listen, *arguments], folder, environment)
        self._children.append(child)
        try:
            await child.wait_ready(self._tasks)
        except DemoError:
            await child.stop()
            self._children.remove(child)
            raise
        return child

    async def _play(self, folder: Path) -> int:
        started = clock.precise()
        password, token = secrets.token_urlsafe(12), secrets.token_urlsafe(24)
        kubeconfig = folder / "kubeconfig"

        async def start_both() -> tuple[str, tuple[Child, Child]]:
            simulator, admin = await asyncio.gather(
                self._start(
                    "simulator",
                    *("--kubeconfig", str(kubeconfig)),
                    ports={"--listen": 6443, "--control-listen": 6444},
                    folder=folder,
                ),
                self._start(
                    "admin",
                    *("--data-dir", str(folder / "admin")),
                    ports={"--listen": 8001},
                    folder=folder,
                    environment={"EDGE_ADMIN_PASSWORD": password, "EDGE_ADMIN_TOKEN": token},
                ),
            )
            return f"{simulator.ready[0]}\n{admin.ready[0]}", (simulator, admin)

        simulator, admin = await self._terminal.step("start the Kubernetes API simulator and the Admin", start_both)
        api_server = urlsplit(simulator.ready[0])
        assert api_server.hostname is not None
        assert api_server.port is not None
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(AdminClient(admin.ready[0], token))
            cluster = await kubernetes.find(kubeconfig, folder / "kubectl-cache")
            if cluster.name != "kubectl":
                click.echo("    no working kubectl here: the demo makes the same requests itself")
            tutorial = Tutorial(self._terminal, client, cluster, (api_server.hostname, api_server.port))
            partition, join_token = await tutorial.prepare_gateways()
            gateway = await self._terminal.step(
                "start a gateway server", lambda: self._start_gateway(folder, admin.ready[0], join_token)
            )
            await tutorial.play(partition, gateway)
        self._held = True
        self._terminal.account(clock.precise() - started)
        for line in (
            "",
            f"console {admin.ready[0]}",
            "user admin",
            f"password {password}",
            f"export EDGE_TOKEN={token}",
            f"export KUBECONFIG={kubeconfig}",
            f"curl -H 'Host: {HOST}' {gateway}",
        ):
            click.echo(line)
        return await self._stay_up() if self._stay else 0

    async def _start_gateway(self, folder: Path, admin: str, join_token: str) -> tuple[str, str]:
        gateway = await self._start(
            "gateway",
            *("--admin", admin, "--name", "gateway-1"),
            *("--data-dir", str(folder / "gateway")),
            ports={"--listen": 8080, "--status-listen": 8081},
            folder=folder,
            environment={"EDGE_GATEWAY_JOIN_TOKEN": join_token},
        )
        return f"{gateway.ready[0]} status {gateway.ready[2]}", gateway.ready[0]

    async def _stay_up(self) -> int:
        click.echo("\nCtrl-C ends everything. Try: kubectl scale --replicas=5 deployment test-hello")
        ended = {self._tasks.start(child.ended(), f"end of {child.name}"): child for child in self._children}
        done, _ = await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
        child = ended[done.pop()]
        raise DemoError(f"edge {child.name} {child.end_in_words()}, and nobody asked it to:\n{child.tail()}")
