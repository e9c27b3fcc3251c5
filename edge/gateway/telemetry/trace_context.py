"""Which trace a request belongs to: `traceparent` as W3C Trace Context says (https://www.w3.org/TR/trace-context/).

    00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
    version, trace id, parent id, flags; all lower-case hexadecimal

Rules (sections 3.2 and 4.3 of the recommendation): ids of zeros, version ff, capitals and more than one field are
invalid, and then the context counts as absent. Version 00 has exactly these four parts; a later version may have more
behind another dash, of which nothing is understood. Flags other than *sampled* are not known here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_parent = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[^\x00-\x20\x7f]*)?\Z").match
_STATE_LIMIT = 512
"""Bytes of `tracestate` that are kept at least (section 3.3.1.5); ours passes no more on when it takes part."""


class TraceContext(NamedTuple):
    """`trace` and `parent` are hexadecimal, `sampled` whether the caller records the trace, `state` is its tracestate,
    lists joined."""

    trace: bytes
    parent: bytes
    sampled: bool
    state: bytes = b""


def read(fields: list[tuple[bytes, bytes]]) -> TraceContext | None:
    """The context of a request with these fields (lower-case names); None: it has none, or an invalid one."""
    found = [value for name, value in fields if name == b"traceparent"]
    if len(found) != 1:
        return None
    match = _parent(found[0])
    if match is None:
        return None
    version, trace, parent, flags, more = match.groups()
    if version == b"ff" or (version == b"00" and more is not None):
        return None
    if trace == b"0" * 32 or parent == b"0" * 16:
        return None
    state = b",".join(value for name, value in fields if name == b"tracestate" and value)
    return TraceContext(trace, parent, bool(int(flags, 16) & 1), state if len(state) <= _STATE_LIMIT else b"")
