"""A worker's process: `python -m edge.gateway.process ARGUMENT`, as agents start it.

What makes it small is settled before the worker is imported: structlog would load the pretty printers of terminals,
5 MB in every worker, which shows none.
"""

from __future__ import annotations

import gc
import sys

UNUSED = ("rich", "pygments")


def main() -> int:
    """The worker's exit code."""
    gc.set_threshold(50_000, 20, 100)  # what is imported is no garbage
    sys.modules.update(dict.fromkeys(UNUSED))  # type: ignore[arg-type]  # None: importing it raises ImportError
    from edge.gateway import worker

    return worker.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
