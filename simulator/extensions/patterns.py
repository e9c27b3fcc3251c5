"""The regular expressions of schemas: Go's, which RE2 matches in time linear in the text, whatever the pattern."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol

MEMORY = 1 << 20
"""Bytes of one compiled pattern with its automaton."""
GO_SAYS = {
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid repetition size": "invalid repeat count",
    "no argument for repetition operator": "missing argument to repetition operator",
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "invalid named capture group": "invalid named capture",
    "trailing \\": "trailing backslash at end of expression",
    "pattern too large - compile failed": "expression too large",
}
"""RE2's complaint → Go's (regexp/syntax); the others are the same."""


class Pattern(Protocol):
    def search(self, text: str) -> object | None: ...


class BadPattern(ValueError):
    """What Go's regexp does not compile; the message is Go's."""


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Pattern:
    """Raises ``BadPattern``."""
    import re2  # only schemas need it

    options: Any = re2.Options()
    options.max_mem = MEMORY
    options.log_errors = False
    try:
        made: Pattern = re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise BadPattern(_in_go(said)) from None
    return made


def _in_go(said: str) -> str:
    what, _, where = said.partition(": ")
    return f"error parsing regexp: {GO_SAYS.get(what, what)}: `{where}`"
