"""Label selectors as text, with the grammar and the messages of k8s.io/apimachinery/pkg/labels/selector.go.

A requirement is `key`, `!key`, `key in (a,b)`, `key notin (a)` or `key` with `=`, `==`, `!=`, `<`, `>` and a value;
commas part them.
"""

from __future__ import annotations

import re

from simulator.errors import ApiError, bad_request

Parsed = tuple[str, str, tuple[str, ...]]
"""A key, an operator (in, notin, exists, absent, less, greater) and values."""

TOKEN = re.compile(r"\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+)")
SYMBOLS = frozenset(("=", "==", "!=", "!", "(", ")", ",", "<", ">"))
OPERATORS = {"in": "in", "notin": "notin", "=": "in", "==": "in", "!=": "notin", ">": "greater", "<": "less"}
SPELLED = "in, notin, =, ==, !=, gt, lt"
KEY = re.compile(r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\Z")
VALUE = re.compile(r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?\Z")
BAD_KEY = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
BAD_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def parse(text: str) -> list[Parsed]:
    """Raises ``ApiError`` (400)."""
    return _Parser(TOKEN.findall(text)).all()


def _unparsed(why: str) -> ApiError:
    return bad_request(f"unable to parse requirement: {why}")


class _Parser:
    """``lookahead`` and ``consume`` give "" at the end."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = [*tokens, ""]
        self._at = 0

    def _lookahead(self) -> str:
        return self._tokens[self._at]

    def _consume(self) -> str:
        found = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return found

    def all(self) -> list[Parsed]:
        found: list[Parsed] = []
        while self._lookahead():
            if not _starts(self._lookahead()):
                raise bad_request(f"found '{self._lookahead()}', expected: !, identifier, or 'end of string'")
            found.append(self._requirement())
            after = self._consume()
            if after not in ("", ","):
                raise bad_request(f"found '{after}', expected: ',' or 'end of string'")
            if after == "," and not _starts(self._lookahead()):
                raise bad_request(f"found '{self._lookahead()}', expected: identifier after ','")
        return found

    def _requirement(self) -> Parsed:
        key = self._consume()
        absent = key == "!"
        if absent:
            key = self._consume()
        if not _named(key):
            raise _unparsed(f"found '{key}', expected: identifier")
        if not KEY.match(key) or len(key.rpartition("/")[2]) > 63:
            raise _unparsed(f'key: Invalid value: "{key}": {BAD_KEY}')
        if absent:
            return key, "absent", ()
        if self._lookahead() in ("", ","):
            return key, "exists", ()
        spelled = self._consume()
        if spelled not in OPERATORS:
            raise _unparsed(f"found '{spelled}', expected: {SPELLED}")
        operator = OPERATORS[spelled]
        values = self._set() if spelled in ("in", "notin") else (self._value(),)
        return key, operator, _checked(key, operator, values)

    def _value(self) -> str:
        if self._lookahead() in ("", ","):
            return ""
        found = self._consume()
        if not _named(found):
            raise _unparsed(f"found '{found}', expected: identifier")
        return found

    def _set(self) -> tuple[str, ...]:
        opening = self._consume()
        if opening != "(":
            raise _unparsed(f"found '{opening}' expected: '('")
        if self._lookahead() == ")":
            raise _unparsed("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty")
        if not _named(self._lookahead()) and self._lookahead() != ",":
            raise _unparsed(f"found '{self._lookahead()}', expected: ',', ')' or identifier")
        values = [self._listed()]
        while (after := self._consume()) == ",":
            values.append(self._listed())
        if after != ")":
            raise _unparsed(f"found '{after}', expected: ',' or ')'")
        return tuple(dict.fromkeys(values))

    def _listed(self) -> str:
        """A value of a set; between two commas it is empty."""
        return self._consume() if _named(self._lookahead()) else ""


def _named(word: str) -> bool:
    return word != "" and word not in SYMBOLS


def _starts(word: str) -> bool:
    return _named(word) or word == "!"


def _checked(key: str, operator: str, values: tuple[str, ...]) -> tuple[str, ...]:
    for index, value in enumerate(values):
        if operator in ("less", "greater") and not value.removeprefix("-").isdigit():
            why = "for 'Gt', 'Lt' operators, the value must be an integer"
            raise _unparsed(f'values[{index}]: Invalid value: "{value}": {why}')
        if not VALUE.match(value) or len(value) > 63:
            raise _unparsed(f'values[{index}][{key}]: Invalid value: "{value}": {BAD_VALUE}')
    return values
