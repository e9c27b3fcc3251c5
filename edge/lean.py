"""What a process does first when Edge is all that it is for: import quickly, and only what is used.

structlog and httpx import rich and pygments where they are installed, to draw on terminals as Edge does not: 4 to 8 MB
and 0.05 s in each process. And the garbage collector looks through what is imported, again and again, of which nothing
is garbage: a tenth of an Admin's start.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable

_UNUSED = ("rich", "pygments")
UNUSED_BY_WORKERS = ("greenlet", "typing_extensions")
"""structlog and msgspec take them where they are installed and do without elsewhere: 0.5 MB, and workers are many."""


def be_program(unused: Iterable[str] = ()) -> None:
    """Before anything else is imported; `unused` are more modules to do without. Not for a process that somebody else's
    code shares, such as a test's."""
    gc.set_threshold(50_000, 20, 100)
    sys.modules.update(dict.fromkeys((*_UNUSED, *unused)))  # type: ignore[arg-type]  # None: ImportError


def give_back() -> None:
    """Give the system what was freed inside the heap, where the C library (glibc) can: once, after a start that took
    more than what follows."""
    import ctypes  # what all other processes start without

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
