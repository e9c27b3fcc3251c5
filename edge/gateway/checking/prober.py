"""One check: a connection, over TLS where requests go over TLS, and a question if it is an HTTP one."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

from edge.gateway.checking.plan import Probe
from edge.gateway.tls.upstream import ClientContexts, explained
from edge.model.health_check import HealthCheck

REST = 64 * 1024
"""Bytes of an answer that are read away, so that the endpoint can close in peace."""
REST_WITHIN = 0.25
"""Seconds that may take."""
LINE = 16 * 1024
"""Bytes of one line of an answer's head."""

_status = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: |\r?\n)").match


class Prober:
    """Called with a probe, it answers why that failed, or nothing."""

    def __init__(self) -> None:
        self._contexts = ClientContexts()

    async def __call__(self, probe: Probe) -> str:
        check = probe.check
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(check.timeout):
                reader, writer = await self._connect(probe)
                if check.type == "tcp":
                    return ""
                writer.write(_request(probe))
                status = await _read_status(reader)
            with suppress(OSError, TimeoutError):
                await _read_rest(reader)
            return "" if is_success(check, status) else f"it answered {status}" if status else "its answer is no HTTP"
        except TimeoutError:
            return f"no {'connection' if writer is None else 'answer'} within {check.timeout:g} s"
        except (OSError, ValueError, UnicodeError) as error:  # a host by hand may be no name that can be looked up
            return explained(error) or _said(error)
        finally:
            if writer is not None:
                writer.transport.abort() if probe.tls is not None else writer.close()

    async def _connect(self, probe: Probe) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = probe.address[0], probe.check.port or probe.address[1]
        if probe.tls is None:
            return await asyncio.open_connection(host, port, limit=LINE)
        context = await self._contexts.get(probe.tls)
        name = probe.tls.server_name or host
        return await asyncio.open_connection(host, port, limit=LINE, ssl=context, server_hostname=name)


def is_success(check: HealthCheck, status: int) -> bool:
    """Whether an answer with this status says that all is well."""
    return status in check.statuses if check.statuses else 200 <= status <= 399


def _request(probe: Probe) -> bytes:
    host, port = probe.address[0], probe.check.port or probe.address[1]
    authority = probe.check.host or (f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    return (
        f"GET {probe.check.path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: edge-health-check\r\n"
        "Accept: */*\r\nConnection: close\r\n\r\n"
    ).encode("ascii")


async def _read_status(reader: asyncio.StreamReader) -> int:
    """The status of the answer, interim ones passed by; 0: what came is no HTTP."""
    try:
        while True:
            found = _status(await reader.readline())
            if found is None or not 100 <= (status := int(found[1])) < 200:
                return 0 if found is None else status
            while (await reader.readline()).strip():
                pass
    except ValueError:  # a line without end
        return 0


async def _read_rest(reader: asyncio.StreamReader) -> None:
    left = REST
    async with asyncio.timeout(REST_WITHIN):
        while left > 0 and (data := await reader.read(left)):
            left -= len(data)


def _said(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, ConnectionError):
        return "the connection was reset"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
