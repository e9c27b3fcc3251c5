"""What a load came to, and closed loops: every connection asks again as soon as it has been answered.

wrk drives them; where it is not installed a client in Python does, which needs more of the load's core: then
requests/s may be the client's and not the proxy's, while CPU per request stays the proxy's.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec


class Ask(NamedTuple):
    """What to ask for. `hosts` are asked in turn; `upload` bytes go with every request; `close` asks for a new
    connection each time. `answer` is the size of an answer's body."""

    path: str
    hosts: tuple[str, ...]
    upload: int = 0
    close: bool = False
    answer: int = 100

    def heads(self) -> list[str]:
        """A head for each host, as a browser might send it."""
        method = f"POST {self.path}" if self.upload else f"GET {self.path}"
        more = f"Content-Length: {self.upload}\r\n" if self.upload else ""
        more += "Connection: close\r\n" if self.close else ""
        return [
            f"{method} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
            "Accept: text/html,application/xhtml+xml\r\nAccept-Encoding: gzip, deflate, br\r\n"
            f"Cookie: session=0123456789\r\n{more}\r\n"
            for host in self.hosts
        ]


class Outcome(msgspec.Struct, frozen=True):
    """`seconds` of load, requests answered with 200 in it, those answered otherwise or not at all, latencies in
    milliseconds. `late` were due at a constant rate and not answered a second after its end: more than could be served,
    or than the client could ask."""

    seconds: float
    requests: int
    failed: int
    p50: float
    p99: float
    late: int = 0


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed (nearest rank); NaN of none."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else math.nan


_SCRIPT = """
local heads = { %s }
local body = string.rep("x", %d)
local turn = 0
request = function()
  turn = turn %% #heads + 1
  return heads[turn] .. body
end
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('\\n{"seconds":%%.6f,"requests":%%d,"failed":%%d,"p50":%%.3f,"p99":%%.3f}\\n',
    summary.duration / 1e6, summary.requests - errors.status,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""
_ONE = """
local only = %s .. string.rep("x", %d)
request = function() return only end
"""


def script(ask: Ask) -> str:
    """The script for wrk: raw requests in turn, and the summary as a line of JSON."""
    heads = [json.dumps(head) for head in ask.heads()]
    text = _SCRIPT % (",\n".join(heads), ask.upload)
    return text + _ONE % (heads[0], ask.upload) if len(heads) == 1 else text


def read_summary(output: str) -> Outcome:
    """What the script wrote among wrk's own words. Raises ValueError with these if it is not there."""
    for line in reversed(output.splitlines()):
        if line.startswith('{"seconds"'):
            return msgspec.json.decode(line, type=Outcome)
    raise ValueError(f"wrk did not say how it went: {output.strip()[-500:]}")


def closed(
    wrk: Path | None, port: int, ask: Ask, connections: int, seconds: float, folder: Path, secured: bool = False
) -> Outcome:
    """A closed loop from this process's core; over TLS (`secured`) with wrk only."""
    if wrk is None:
        return client("closed", port=port, ask=ask, connections=connections, seconds=seconds, rate=0.0)
    url = f"https://{ask.hosts[0]}:{port}/" if secured else f"http://127.0.0.1:{port}/"
    file = folder / "ask.lua"
    file.write_text(script(ask))
    command = [str(wrk), "-t1", f"-c{connections}", f"-d{math.ceil(seconds)}s", "--timeout", "20s"]
    done = subprocess.run([*command, "-s", str(file), url], capture_output=True, text=True, timeout=seconds + 60)
    return read_summary(done.stdout + done.stderr)


def client(mode: str, **told: Any) -> Outcome:
    """The Python client in a process of its own on this process's core; `mode` is `closed` or `steady`."""
    command = [sys.executable, "-m", "loadtests.peers.client", mode, "-"]
    done = subprocess.run(
        command, input=msgspec.json.encode(told), capture_output=True, timeout=told["seconds"] + 60, check=False
    )
    if done.returncode:
        raise ValueError(f"the client failed: {done.stderr.decode(errors='replace').strip()[-500:]}")
    return msgspec.json.decode(done.stdout, type=Outcome)
