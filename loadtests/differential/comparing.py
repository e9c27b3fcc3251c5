"""What became of a case, how two of them differ, and which differences are accepted."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

import msgspec

from loadtests.differential.endpoint import Message

KINDS = ("stricter", "laxer", "otherwise")
_status = re.compile(rb"HTTP/1\.[01] ([0-9]{3}) ")


class Outcome(msgspec.Struct, frozen=True):
    """`statuses` are those of all answers; `messages` what the endpoint understood; `closed`: by the proxy."""

    statuses: tuple[int, ...]
    messages: tuple[Message, ...]
    closed: bool

    @property
    def whole(self) -> tuple[Message, ...]:
        """The requests that the endpoint took to be complete: what could have had an effect."""
        return tuple(message for message in self.messages if message.body is not None)

    def __str__(self) -> str:
        said = " ".join(map(str, self.statuses)) or "no answer"
        passed = "; ".join(map(str, self.messages)) or "nothing passed on"
        return f"{said}{', closed' if self.closed else ''} · {passed}"


class Difference(msgspec.Struct, frozen=True):
    peer: str
    kind: str
    case: str
    ours: Outcome
    theirs: Outcome


class Reason(msgspec.Struct, frozen=True):
    """One line of `accepted.txt`; `case` is a pattern (`*`) of `file: name`."""

    peer: str
    kind: str
    case: str
    text: str

    def explains(self, difference: Difference) -> bool:
        return (
            self.peer in (difference.peer, "both")
            and self.kind == difference.kind
            and fnmatch.fnmatchcase(difference.case, self.case)
        )


def statuses(answers: bytes) -> tuple[int, ...]:
    """The statuses of final answers in what a client received."""
    return tuple(status for status in map(int, _status.findall(answers)) if status >= 200)


def compare(ours: Outcome, theirs: Outcome) -> str:
    """The kind of difference; empty when there is none."""
    if ours.whole != theirs.whole:
        if not ours.whole:
            return "stricter"
        return "otherwise" if theirs.whole else "laxer"
    return "" if ours.statuses == theirs.statuses else "refused"


def read_reasons(file: Path) -> list[Reason]:
    """The lines of `accepted.txt`: peer, kind, pattern, reason, ` | ` between. Raises ValueError with the line."""
    reasons = []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split(" | ")]
        if len(parts) != 4 or parts[0] not in ("nginx", "haproxy", "both") or parts[1] not in KINDS or not parts[3]:
            raise ValueError(f"{file.name}, line {number}: expected `peer | kind | case | reason`, got {line!r}")
        reasons.append(Reason(*parts))
    return reasons


def unexplained(differences: list[Difference], reasons: list[Reason]) -> tuple[list[Difference], list[Reason]]:
    """(differences without a reason, reasons without a difference)."""
    return (
        [one for one in differences if one.kind in KINDS and not any(reason.explains(one) for reason in reasons)],
        [reason for reason in reasons if not any(reason.explains(one) for one in differences)],
    )
