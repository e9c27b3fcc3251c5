"""The peers: how each is started for a work, and what it says about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from loadtests.peers import caddy, edge_gateway, envoy, haproxy, nginx, programs
from loadtests.peers.processes import Running, Stat, free_port, proportional
from loadtests.peers.results import Memory
from loadtests.peers.work import Ports, Work

EDGE = "edge"
SOURCE = "edge-source"
"""The same from its sources, interpreted: how a checkout runs it, and what compiling is worth."""


class Start(NamedTuple):
    """A command with what it needs around it."""

    command: list[str]
    environment: Mapping[str, str] = {}


Prepare = Callable[[Work, Ports, Path], Start]
"""Writes the peer's files for its ports into a folder. Raises MissingError when its program is not here."""


class Proxy(NamedTuple):
    """A peer that serves the work on `ports`."""

    name: str
    ports: Ports
    running: Running
    work: Work

    def cpu(self) -> float:
        """CPU seconds of all its processes so far."""
        return sum(stat.cpu for stat in self.running.measure())

    def memory(self) -> Memory:
        """As it is now."""
        stats: list[Stat] = self.running.measure()
        worker = max(stats[1:] or stats, key=lambda stat: stat.rss)
        shared_out = proportional(Path(f"/proc/{worker.pid}/smaps_rollup").read_text())
        return Memory(worker.rss / 2**20, shared_out / 2**20, sum(stat.rss for stat in stats) / 2**20)


def _edge(work: Work, ports: Ports, folder: Path) -> Start:
    edge_gateway.write_snapshot(work, folder)
    return Start(edge_gateway.command(ports, free_port(), folder))


def _nginx(work: Work, ports: Ports, folder: Path) -> Start:
    program = programs.nginx()
    return nginx_start(program, nginx.proxy(work, ports, folder), folder)


def _nginx_with_lua(work: Work, ports: Ports, folder: Path) -> Start:
    program = programs.nginx_with_lua()
    return nginx_start(program, nginx.with_lua(work, ports, folder), folder)


def nginx_start(program: Path, configuration: str, folder: Path) -> Start:
    """nginx with this configuration."""
    file = _written(folder / "nginx.conf", configuration)
    return Start([str(program), "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(file)])


def _haproxy(work: Work, ports: Ports, folder: Path) -> Start:
    program = programs.haproxy()
    file = _written(folder / "haproxy.cfg", haproxy.proxy(work, ports, folder))
    return Start([str(program), "-db", "-f", str(file)], {"LD_LIBRARY_PATH": str(program.parent / "lib")})


def _envoy(work: Work, ports: Ports, folder: Path) -> Start:
    program = programs.envoy()
    file = _written(folder / "envoy.json", envoy.proxy(work, ports, folder))
    options = ["--concurrency", "1", "--disable-hot-restart", "-l", "error"]
    return Start([str(program), "-c", str(file), *options])


def _caddy(work: Work, ports: Ports, folder: Path) -> Start:
    program = programs.caddy()
    file = _written(folder / "caddy.json", caddy.proxy(work, ports, folder))
    return Start([str(program), "run", "--config", str(file)], {"GOMAXPROCS": "1", "HOME": str(folder)})


PEERS: dict[str, Prepare] = {
    EDGE: _edge,
    SOURCE: _edge,
    "nginx": _nginx,
    "nginx+lua": _nginx_with_lua,
    "haproxy": _haproxy,
    "envoy": _envoy,
    "caddy": _caddy,
}
"""In the order of tables."""


def _written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def start(name: str, work: Work, core: int | None, folder: Path, installed: Path | None = None) -> Proxy:
    """Start a peer and wait until it serves; EDGE from the package that was `installed` there, if any was. Raises
    MissingError, or RuntimeError with what it said."""
    folder.mkdir()
    ports = Ports(free_port(), free_port())
    command, environment = PEERS[name](work, ports, folder)
    if name == EDGE and installed is not None:
        environment = {"PYTHONPATH": str(installed.resolve()), "PYTHONSAFEPATH": "1"}
    running = Running(command, core, folder / "output", environment)
    try:
        running.wait_for(ports.plain, work.hosts(0)[0])
    except BaseException:
        running.end()
        raise
    return Proxy(name, ports, running, work)
