"""What is wrong, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """`field` is where it is, like `actions[0].url`; `message` says what was expected and what came."""

    field: str
    message: str

    def under(self, parent: str) -> Problem:
        """The same problem seen from the object that holds this one."""
        joint = "" if self.field.startswith("[") else "."
        return Problem(f"{parent}{joint}{self.field}" if self.field else parent, self.message)


def under(parent: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Problems seen from the object that holds theirs."""
    return (problem.under(parent) for problem in problems)


def shown(text: str, limit: int = 60) -> str:
    """A value for a message: quoted, short, without control characters."""
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")
