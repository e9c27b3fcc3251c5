import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import edge
from edge.compiled import is_compiled
from edge.gateway.http import protocol


def test_it_is_told_whether_modules_are_compiled() -> None:
    assert is_compiled() is protocol.__file__.endswith(tuple(EXTENSION_SUFFIXES))


def test_it_is_told_by_the_version(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "edge", "--version"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert told.stdout == f"edge, version {edge.__version__}{' (compiled)' if is_compiled() else ''}\n"
