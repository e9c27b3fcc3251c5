"""The simulator as a process: starts it, says when it is ready, ends it on SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from pathlib import Path

import structlog
import uvloop

from simulator.cluster.manifests import ManifestError
from simulator.kubelet.network import NetworkError
from simulator.loops import run_scaled
from simulator.settings import Settings, SettingsError
from simulator.simulator import Simulator


def run(settings: Settings) -> int:
    """Run until told to end; answers the exit code: 0, 2 for settings or manifests that make no sense."""
    _log_to_stderr()
    try:
        if settings.time_factor != 1:
            return run_scaled(_serve(settings), settings.time_factor)
        return uvloop.run(_serve(settings))
    except (SettingsError, ManifestError, NetworkError) as error:
        sys.stderr.write(f"edge simulator: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 0


def record_cluster(kubeconfig: Path, context: str | None, out: Path, duration: float | None) -> int:
    """Record until told to end, or for `duration` seconds; answers 0, or 3 when the cluster cannot be used."""
    from simulator.recording.format import RecordingError

    _log_to_stderr()
    try:
        return uvloop.run(_record(kubeconfig, context, out, duration))
    except RecordingError as error:
        sys.stderr.write(f"edge simulator record: {error}\n")
        return 3
    except KeyboardInterrupt:
        return 0


async def _record(kubeconfig: Path, context: str | None, out: Path, duration: float | None) -> int:
    from simulator.recording import access
    from simulator.recording.recorder import Recorder, create

    ended = _until_told()
    async with access.client(kubeconfig, context) as client:
        with create(out) as file:
            recorder = Recorder(client, lambda line: (file.write(line), file.flush()))
            await recorder.start()
            for skipped in recorder.skipped:
                sys.stderr.write(f"left out: {skipped}\n")
            sys.stdout.write(
                f"edge simulator recording {len(recorder.kinds)} resources of {client.base_url} to {out}\n"
            )
            sys.stdout.flush()
            try:
                async with asyncio.timeout(duration):
                    await ended.wait()
            except TimeoutError:
                pass
            await recorder.stop()
    sys.stdout.write(f"recorded {recorder.objects} objects and {recorder.events} events\n")
    return 0


def _log_to_stderr() -> None:
    # uvicorn's plain lines say what the answer or the fault said already, and are no JSON.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
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


def _until_told() -> asyncio.Event:
    """Set by SIGTERM or Ctrl-C."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    return ended


async def _serve(settings: Settings) -> int:
    ended = _until_told()
    async with Simulator(settings) as simulator:
        sys.stdout.write(
            f"edge simulator ready {simulator.url} control {simulator.control_url} kubeconfig {simulator.kubeconfig}\n"
        )
        sys.stdout.flush()
        gc.freeze()  # what is loaded now stays: collections need not look at it again
        await ended.wait()
    return 0
