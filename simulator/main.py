"""The simulator as a process: starts it, says when it is ready, ends it on SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys

import structlog
import uvloop

from simulator.kubelet.network import NetworkError
from simulator.manifests import ManifestError
from simulator.settings import Settings, SettingsError
from simulator.simulator import Simulator


def run(settings: Settings) -> int:
    """Run until told to end; answers the exit code: 0, 2 for settings or manifests that make no sense."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(20),
    )
    try:
        return uvloop.run(_serve(settings))
    except (SettingsError, ManifestError, NetworkError) as error:
        sys.stderr.write(f"edge simulator: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 0


async def _serve(settings: Settings) -> int:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with Simulator(settings) as simulator:
        sys.stdout.write(
            f"edge simulator ready {simulator.url} control {simulator.control_url} kubeconfig {simulator.kubeconfig}\n"
        )
        sys.stdout.flush()
        gc.freeze()  # what is loaded now stays: collections need not look at it again
        await ended.wait()
    return 0
