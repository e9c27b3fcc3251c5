"""YAML with positions: plain data, and the line of every key and item, so that an error can say where it is.

Only what JSON has is taken (maps, lists, text, numbers, booleans, null); keys are text, so that `503: 0` is the key
"503". A key given twice is refused, because YAML itself would silently take the last one. What is read is bounded:
`LARGEST` bytes, and `MOST` parts with every alias written out, so that a few lines of aliases cannot fill the memory.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from scenarios.errors import FileError, Problem

Position = tuple[str | int, ...]
LARGEST = 4 * 1024 * 1024
MOST = 100_000


class _Loader(yaml.SafeLoader):
    """YAML 1.2's booleans: `on`, `off`, `yes` and `no` are words; dates are text."""


_MERGE, _TEXT = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:str"
_REPLACED = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _REPLACED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


class Marked:
    """`data` and where each of its parts stands."""

    def __init__(self, data: Any, lines: dict[Position, int]) -> None:
        self.data = data
        self._lines = lines

    def line(self, position: Position) -> int:
        """The line of the part at `position`, or of the nearest part around it that stands in the file."""
        while position and position not in self._lines:
            position = position[:-1]
        return self._lines.get(position, 1)


def load(path: Path) -> Marked:
    """Read one document. FileError when it cannot be read or is not YAML."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise FileError(path, [Problem(1, "", f"expected at most {LARGEST:,} bytes, these are more")])
        return parse(content.decode(), path)
    except OSError as error:
        raise FileError(path, [Problem(1, "", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileError(
            path, [Problem(line, "", f"expected text in UTF-8, got the byte {content[error.start]:#x}")]
        ) from None


def parse(text: str, path: Path) -> Marked:
    """Like `load`, from text."""
    loader = _Loader(text)
    problems: list[Problem] = []
    lines: dict[Position, int] = {}
    try:
        node = loader.get_single_node()
        if node is not None:
            _mark(node, (), lines, problems)
            if len(lines) > MOST:
                problems = [
                    Problem(1, "", f"expected at most {MOST:,} parts, counting each alias as what it stands for")
                ]
        data = None if node is None or problems else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FileError(path, [Problem(mark.line + 1 if mark else 1, "", f"not YAML: {error.problem}")]) from None
    except RecursionError:
        raise FileError(path, [Problem(1, "", "nested too deep")]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise FileError(path, [Problem(1, "", f"not YAML: {error}")]) from None
    finally:
        loader.dispose()
    if problems:
        raise FileError(path, problems)
    return Marked(data, lines)


def _mark(node: yaml.Node, position: Position, lines: dict[Position, int], problems: list[Problem]) -> None:
    lines.setdefault(position, node.start_mark.line + 1)
    if len(lines) > MOST:
        return
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _mark(item, (*position, index), lines, problems)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                key.tag = _TEXT
            name, line = str(key.value), key.start_mark.line + 1
            if (*position, name) in lines:
                first = lines[(*position, name)]
                problems.append(Problem(line, written((*position, name)), f"is given twice, first in line {first}"))
                continue
            lines[(*position, name)] = line
            _mark(value, (*position, name), lines, problems)


def written(position: Position) -> str:
    """`("steps", 3, "scale")` → `steps[3].scale`."""
    text = ""
    for part in position:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text
