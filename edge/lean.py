"""What a process does first when Edge is all that it is for: import quickly, and only what is used.

structlog and httpx import rich and pygments where they are installed, to draw on terminals as Edge does not: 4 to 8 MB
and 0.05 s in each process. And the garbage collector looks through what is imported, again and again, of which nothing
is garbage: a tenth of an Admin's start.
"""

from __future__ import annotations

import gc
import sys

_UNUSED = ("rich", "pygments")


def be_program() -> None:
    """Before anything else is imported. Not for a process that somebody else's code shares, such as a test's."""
    gc.set_threshold(50_000, 20, 100)
    sys.modules.update(dict.fromkeys(_UNUSED))  # type: ignore[arg-type]  # None: importing it raises ImportError
