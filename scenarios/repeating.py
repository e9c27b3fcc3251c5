"""`{repeat: N, items: […]}` in any list of a file stands for N times those items, with `${n}` counting from 1.

So twenty edits, or a thousand services, are a few lines. `as: NAME` calls the counter something else, for a repetition
within another. A text that is nothing but `${n}` becomes the number. Lines of errors are those of the items as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

from scenarios.errors import FileError, Problem
from scenarios.marks import Marked, Position, written
from scenarios.values import Part

MOST = 20_000  # items that all repetitions of a file may come to


class Repeat(Part):
    """Its items again and again."""

    repeat: Annotated[int, Meta(ge=1, le=MOST)]
    items: Annotated[list[Any], Meta(min_length=1)]
    as_: Annotated[str, Meta(pattern=r"^[\w-]+$")] = field(name="as", default="n")


def expanded(marked: Marked, path: Path) -> Marked:
    """The file with every repetition written out. FileError when one is not well-formed, or there are too many."""
    writing = _Writing(marked)
    data = writing.value(marked.data, (), (), {})
    if writing.problems:
        raise FileError(path, list(dict.fromkeys(writing.problems)))
    return Marked(data, writing.lines) if writing.made else marked


class _Writing:
    def __init__(self, marked: Marked) -> None:
        self._marked = marked
        self.lines: dict[Position, int] = {}
        self.problems: list[Problem] = []
        self.made = 0

    def value(self, value: Any, was: Position, now: Position, counters: Mapping[str, int]) -> Any:
        """`value`, which stood at `was` and stands at `now`, with the counters filled in."""
        self.lines[now] = self._marked.line(was)
        if isinstance(value, dict):
            return {key: self.value(item, (*was, key), (*now, key), counters) for key, item in value.items()}
        if isinstance(value, list):
            items = self._items(value, was, counters)
            return [self.value(one, origin, (*now, place), inner) for place, (one, origin, inner) in enumerate(items)]
        return _filled(value, counters) if isinstance(value, str) else value

    def _items(
        self, items: list[Any], was: Position, counters: Mapping[str, int]
    ) -> Iterator[tuple[Any, Position, Mapping[str, int]]]:
        """(item, where it is written, its counters), repetitions written out."""
        for index, item in enumerate(items):
            place = (*was, index)
            if not (isinstance(item, dict) and "repeat" in item):
                yield item, place, counters
                continue
            try:
                wanted = msgspec.convert(item, Repeat)
            except msgspec.ValidationError as error:
                self._say((*place, "repeat"), f"expected `repeat: N` with `items: […]`: {error}")
                continue
            self.made += wanted.repeat * len(wanted.items)
            if self.made > MOST:
                self._say((*place, "repeat"), f"repetitions of a file may come to {MOST:,} items, these are more")
                return
            for number in range(1, wanted.repeat + 1):
                yield from self._items(wanted.items, (*place, "items"), {**counters, wanted.as_: number})

    def _say(self, position: Position, message: str) -> None:
        self.problems.append(Problem(self._marked.line(position), written(position), message))


def _filled(text: str, counters: Mapping[str, int]) -> str | int:
    if not counters or "${" not in text:
        return text
    whole = re.fullmatch(r"\$\{([\w-]+)\}", text)
    if whole and whole[1] in counters:
        return counters[whole[1]]
    return re.sub(r"\$\{([\w-]+)\}", lambda found: str(counters.get(found[1], found[0])), text)
