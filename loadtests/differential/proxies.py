"""This gateway, nginx and HAProxy, each as it is configured to pass everything on to one endpoint."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from loadtests.peers import programs
from tests.gateway.working import worker

_STARTING = 10.0


def _nginx(port: int, endpoint: int, folder: Path) -> tuple[list[str], str]:
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = f"""
{user}
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  {temporary}
  access_log off;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{endpoint};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection "";
    }}
  }}
}}
"""
    return [str(programs.nginx()), "-p", str(folder), "-c", str(folder / "conf"), "-e", str(folder / "error.log")], text


def _haproxy(port: int, endpoint: int, folder: Path) -> tuple[list[str], str]:
    text = f"""
global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout http-keep-alive 30s
frontend in
  bind 127.0.0.1:{port}
  default_backend out
backend out
  server one 127.0.0.1:{endpoint}
"""
    return [str(programs.haproxy()), "-f", str(folder / "conf")], text


PEERS = {"nginx": _nginx, "haproxy": _haproxy}


def _configure(name: str, port: int, endpoint: int, folder: Path) -> list[str]:
    """Writes the configuration; answers the command."""
    folder.mkdir()
    command, text = PEERS[name](port, endpoint, folder)
    (folder / "conf").write_text(text)
    return command


@contextlib.asynccontextmanager
async def started(name: str, endpoint: int, folder: Path) -> AsyncIterator[int]:
    """The proxy's port. Raises MissingError (`loadtests.peers.programs`) or TimeoutError with what it said."""
    if name == "edge":
        async with worker(f"127.0.0.1:{endpoint}") as (_, port):
            yield port
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = _configure(name, port, endpoint, folder)
    environment = {**os.environ, "LD_LIBRARY_PATH": str(Path(command[0]).parent / "lib")}
    with (folder / "output").open("wb") as output:
        process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output, env=environment)
    try:
        if not await _listens(port, process):
            raise TimeoutError(f"{name} does not start: {_said(folder / 'output')}")
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _said(output: Path) -> str:
    """The end of what a program wrote."""
    return output.read_text(errors="replace")[-500:]


async def _listens(port: int, process: asyncio.subprocess.Process) -> bool:
    end = asyncio.get_running_loop().time() + _STARTING
    while process.returncode is None and asyncio.get_running_loop().time() < end:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return True
    return False
