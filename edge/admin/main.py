"""`edge admin`: one Admin from its start to its clean end."""

from __future__ import annotations

import asyncio
import gc
import sys

import msgspec
import uvloop

from edge import logs
from edge.admin.admin import Admin, AdminSettings
from edge.admin.app import AppSettings, build
from edge.admin.server import CannotListen, HttpServer, Listen, ended_by_signals
from edge.store.errors import StoreError

# a busy store or hashing thread gives the interpreter back after half a millisecond instead of five
_SWITCH_INTERVAL = 0.0005


class Settings(msgspec.Struct, frozen=True):
    """Everything `edge admin` is told. `allowed_hosts` are names it answers to besides the one it listens on."""

    admin: AdminSettings
    listen: Listen = Listen()
    allowed_hosts: tuple[str, ...] = ()
    log_level: str = "info"


def run(settings: Settings) -> int:
    """Run until SIGINT or SIGTERM; the exit code. 1: it could not start, and standard error says why."""
    logs.configure(settings.log_level)
    sys.setswitchinterval(_SWITCH_INTERVAL)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings))
    except (CannotListen, StoreError) as error:
        sys.stderr.write(f"edge admin: {error}\n")
        return 1
    return 0


async def _serve(settings: Settings) -> None:
    ending = asyncio.Event()
    with ended_by_signals(ending):
        server = HttpServer(settings.listen)
        server.bind()
        admin = await Admin.open(settings.admin)
        try:
            app = build(admin, app_settings(settings), ending)
            if admin.password_notice:
                sys.stderr.write(f"{admin.password_notice}\n")
            # what was made at the start lives to the end: the collector need not look at it again. To collect before
            # would free nothing that can be measured, and take a tenth of the start
            gc.freeze()
            gc.set_threshold(50_000, 20, 100)
            await server.serve(app, ending, ready=lambda: _say_ready(server.url))
        finally:
            await admin.close()


def app_settings(settings: Settings) -> AppSettings:
    """The web application's part of the settings."""
    hosts = (settings.listen.host, *settings.allowed_hosts)
    return AppSettings(hosts=hosts, everywhere=settings.listen.everywhere)


def _say_ready(url: str) -> None:
    sys.stdout.write(f"edge admin ready {url}\n")
    sys.stdout.flush()
