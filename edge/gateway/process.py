"""A worker's process: `python -m edge.gateway.process ARGUMENT`, as agents start it. What makes it small is settled
before the worker is imported."""

from __future__ import annotations

import sys

from edge import lean


def main() -> int:
    """The worker's exit code."""
    lean.be_program(lean.UNUSED_BY_WORKERS)
    from edge.gateway import worker

    return worker.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
