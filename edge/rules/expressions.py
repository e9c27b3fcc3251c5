"""Regular expressions of page rules: RE2, linear in the text whatever the pattern.

RE2 is loaded with the first expression: it and the C++ library are 2.5 MB, which a gateway without expressions saves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from edge.rules import names

PATTERN_LIMIT = 4096
"""Bytes of one pattern."""
MEMORY = 1 << 20
"""Bytes that one program with its automaton may use; a pattern that needs more (`\\pL{1000}`) is refused."""


class PatternError(ValueError):
    """What RE2 does not take; the message is RE2's."""


class Match(Protocol):
    """What RE2 found in bytes."""

    def start(self) -> int: ...
    def end(self) -> int: ...
    def group(self, number: int) -> bytes | None: ...


class Expression:
    """A compiled pattern, or several of which any may match."""

    __slots__ = ("_regexp", "groups")

    def __init__(self, patterns: Sequence[str], *, ignore_case: bool = False) -> None:
        """Raises PatternError."""
        import re2

        options = re2.Options()
        options.max_mem = MEMORY
        options.log_errors = False
        options.case_sensitive = not ignore_case
        for pattern in patterns if len(patterns) > 1 else ():
            _compile(pattern, options)  # a pattern that is only right inside an alternation is not right
        self._regexp = _compile(patterns[0] if len(patterns) == 1 else "|".join(f"(?:{p})" for p in patterns), options)
        self.groups: int = self._regexp.groups

    def __repr__(self) -> str:
        return f"<Expression {self._regexp.pattern!r}>"

    def search(self, text: str) -> Match | None:
        """The first match anywhere in `text`, in its bytes."""
        found: Match | None = self._regexp.search(names.data(text))
        return found


def _compile(pattern: str, options: Any) -> Any:
    import re2

    try:
        if len(pattern.encode()) > PATTERN_LIMIT:
            raise PatternError(f"the pattern is longer than {PATTERN_LIMIT} bytes")
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else error
        raise PatternError(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)) from None
    except UnicodeEncodeError:
        raise PatternError("the pattern is not valid Unicode text") from None
