"""What can go wrong, each with its own exit code of `edge scenario run`."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Problem(msgspec.Struct, frozen=True, order=True):
    """One thing that is wrong in a file: where (`line` counts from 1), at which key, and what to write instead."""

    line: int
    key: str
    message: str


class FileError(Exception):
    """A scenario file is wrong (exit code 2)."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path = path
        self.problems = sorted(problems)
        super().__init__(
            "\n".join(f"{path}:{p.line}: {p.key + ': ' if p.key else ''}{p.message}" for p in self.problems)
        )


class TargetError(Exception):
    """The target could not be used (exit code 3); the message says why and what to do."""


class StepError(Exception):
    """An action did not succeed, or something it needs is missing; the message says what was expected and came."""
