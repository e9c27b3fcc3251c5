"""This gateway with the modules of a request's way compiled by mypyc: what the interpreter costs, measured.

Not how it is installed: what is compiled must be built for each machine and Python, and goes stale beside its source.
Modules with msgspec's structs stay as they are; mypyc takes their fields' defaults for values.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import edge
from loadtests.peers.programs import MissingError

MODULES = (
    "edge/gateway/balancing/backend.py",
    "edge/gateway/http/exchange.py",
    "edge/gateway/http/forwarding.py",
    "edge/gateway/http/head.py",
    "edge/gateway/http/headers.py",
    "edge/gateway/http/memo.py",
    "edge/gateway/http/protocol.py",
    "edge/gateway/http/reply.py",
    "edge/gateway/http/request_body.py",
    "edge/gateway/http/routed.py",
    "edge/gateway/http/timers.py",
    "edge/gateway/http/upstream.py",
    "edge/gateway/telemetry/recording.py",
    "edge/rules/index.py",
    "edge/rules/paths.py",
    "edge/rules/plan.py",
    "edge/rules/request.py",
)


def build(folder: Path) -> Path:
    """A copy of the package in `folder` with these modules compiled; it goes first on PYTHONPATH. Raises MissingError
    where mypyc or a C compiler is not there, or refuses."""
    compiler = Path(sys.executable).with_name("mypyc")
    if not compiler.exists() or shutil.which("cc") is None:
        raise MissingError("install them: make .venv/installed-test, and a C compiler (apt-get install gcc)")
    tree = folder / "compiled"
    source = Path(next(iter(edge.__path__)))
    shutil.copytree(source, tree / "edge", ignore=shutil.ignore_patterns("__pycache__"))
    (tree / "mypy.ini").write_text("[mypy]\nstrict = true\n")
    done = subprocess.run([str(compiler), *MODULES], cwd=tree, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines() or ["nothing"]
        raise MissingError(f"mypyc compiled nothing: {said[-1]}")
    return tree
