"""Whether this Edge was built with the modules of a request's way compiled (`make wheel`; docs/operating.md)."""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec


def is_compiled() -> bool:
    """Looks at one of them, and imports nothing."""
    spec = find_spec("edge.gateway.http.protocol")
    return spec is not None and (spec.origin or "").endswith(tuple(EXTENSION_SUFFIXES))
