"""Judging the start of a request's head before the rest has come: a head that can never be good is refused at once, by
the same reason however it was cut into reads."""

from __future__ import annotations

import re
from typing import Final

from edge.gateway.http.head import MalformedError

_illegal: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r[^\n]|(?:[^\r]|^)\n").search


def check_start(start: bytes, head_limit: int, target_limit: int) -> None:
    """Judge the start of a request's head: raises MalformedError as soon as no rest could make it good, and the same
    whatever has come behind the fault already."""
    found = _illegal(start)
    fault = len(start) + 1 if found is None else found.end()
    line_limit = target_limit + 64
    if fault > line_limit + 1 and len(start) > line_limit and b"\n" not in start[: line_limit + 1]:
        raise MalformedError(414, f"the request target is longer than {target_limit} bytes")
    if found is not None and fault <= head_limit + 1:
        raise MalformedError(400, "a line does not end in CRLF, or holds a control character")
    if len(start) > head_limit:
        raise MalformedError(431, f"the request's header fields are longer than {head_limit} bytes")


def first_fault(head: bytes, error: MalformedError, head_limit: int, target_limit: int) -> MalformedError:
    """Why a whole head is refused: what would have refused its start comes before `error`, so that the answer does not
    depend on how the head was cut."""
    try:
        check_start(head, head_limit, target_limit)
    except MalformedError as first:
        return first
    return error
