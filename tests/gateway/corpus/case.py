"""The cases of the corpus: read from `*.txt` beside this file, as README.md describes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

HERE = Path(__file__).parent
CLIENT_SAYS, UPSTREAM_HEARS, UPSTREAM_SAYS, CLIENT_HEARS = ">", ">>", "<<", "<"
END, RESET = "END", "RESET"

_step = re.compile(r"(>>|<<|>|<) (.*)\Z", re.DOTALL)
_repeat = re.compile(r"\{((?:\\.|[^{}])+)\*([0-9]+)\}")
_escape = re.compile(r"\\(x[0-9a-f]{2}|[rnt\\])")
_LETTERS = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}


class Step(msgspec.Struct, frozen=True):
    """`kind` is one of the four arrows, `wait`, `upstream` or `client`; `text` is what the file has, escaped."""

    kind: str
    text: str

    @property
    def data(self) -> bytes:
        return unescape(self.text)


class Case(msgspec.Struct):
    """One case. `settings` are those of the data path, `rules` "proxy" or "fixed"; `end` is kept, closed or cut."""

    name: str
    file: str
    source: str = ""
    address: str = "192.0.2.7"
    rules: str = "proxy"
    settings: dict[str, object] = {}
    steps: list[Step] = []
    end: str = ""

    @property
    def asked(self) -> bytes:
        """All that the client says before it waits for anything, for other proxies."""
        data = b""
        for step in self.steps:
            if step.kind != CLIENT_SAYS or step.text in (END, RESET):
                break
            data += step.data
        return data


def unescape(text: str) -> bytes:
    """The bytes that a file's text stands for."""
    text = text.replace("{H}", "Host: www.example.com\\r\\n")
    text = _repeat.sub(lambda match: match[1] * int(match[2]), text)
    return _escape.sub(
        lambda match: chr(int(match[1][1:], 16)) if match[1][0] == "x" else _LETTERS[match[1]], text
    ).encode("latin-1")


def cases() -> list[Case]:
    """All cases, in the order of files and lines. Raises ValueError with file and case."""
    return [case for file in sorted(HERE.glob("*.txt")) for case in _read(file)]


def _read(file: Path) -> Iterator[Case]:
    for block in re.split(r"^## ", file.read_text(encoding="ascii"), flags=re.MULTILINE)[1:]:
        lines: list[str] = []
        for line in block.splitlines():
            if line.startswith(" "):
                lines[-1] += line.strip(" ")
            elif line and not line.startswith("#"):
                lines.append(line)
        case = Case(lines[0], file.stem, settings={}, steps=[])
        for line in lines[1:]:
            _take(case, line)
        if not case.source or case.end not in ("kept", "closed", "cut"):
            raise ValueError(f"{file.name}: {case.name!r} needs a line `rfc …` and its end")
        yield case


def _take(case: Case, line: str) -> None:
    word, _, rest = line.partition(" ")
    if found := _step.match(line):
        case.steps.append(Step(found[1], found[2]))
    elif word in ("rfc", "source"):
        case.source = line
    elif word == "from":
        case.address = rest
    elif word == "set":
        for pair in rest.split():
            name, _, value = pair.partition("=")
            if name == "rules":
                case.rules = value
            else:
                case.settings[name] = (value,) if name in ("trusted_proxies", "proxy_protocol") else int(value)
    elif word in ("wait", "upstream"):
        case.steps.append(Step(word, rest))
    elif word in ("kept", "closed", "cut") and not case.end:
        case.end = word
    else:
        raise ValueError(f"{case.file}.txt: {case.name!r} has a line that is none: {line!r}")
