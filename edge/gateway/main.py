"""A gateway's process: signals, loop and exit code around its agent."""

from __future__ import annotations

import asyncio
import gc
import random
import signal
import sys

import click
import uvloop

from edge import logs
from edge.gateway.agent.agent import Agent, AgentSettings, serve
from edge.gateway.errors import GatewayError


def run(settings: AgentSettings) -> int:
    """Run until SIGTERM or Ctrl-C (0), or until the gateway cannot run: 1, with the reason on standard error."""
    logs.configure()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, random.Random(), _announce, _stop_on_signals))
    except GatewayError as error:
        click.echo(f"edge gateway: {error}", err=True)
        return 1
    return 0


def _announce(line: str) -> None:
    """Say that the gateway is ready. What was made until now stays; later full collections would delay endpoints by
    tens of milliseconds with a thousand applications (docs/decisions/push.md), and what is pushed has no cycles."""
    click.echo(line)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _stop_on_signals(agent: Agent) -> None:
    """SIGHUP and SIGUSR1, which log rotation sends to other servers, end nothing here. Workers inherit that they are
    ignored, so that none is killed before it has its own handler."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, agent.stop)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    if sys.stdin is not None and sys.stdin.isatty():
        loop.add_signal_handler(signal.SIGHUP, agent.stop)  # its terminal is closed
    else:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
