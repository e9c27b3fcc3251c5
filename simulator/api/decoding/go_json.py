"""What Go's encoding/json says of a text that is no JSON: its scanner's first complaint, to the letter.

Only texts that could not be read come here, so it may be slow. Source: encoding/json/scanner.go.
"""

from __future__ import annotations

import re

DEEPEST = 10_000
"""maxNestingDepth."""
TOO_DEEP = "exceeded max depth"
END = "unexpected end of JSON input"
SPACE = " \t\r\n"
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][-+]?[0-9]*)?")
_ESCAPE = re.compile(r"\\(?:[bfnrt\\/\"]|u[0-9a-fA-F]{4})")
_PLAIN = re.compile(r"[^\x00-\x1f\"\\]*")


class Complaint(ValueError):
    """The message says what Go would."""


def complaint(body: bytes) -> str:
    """What is wrong with a text; empty when the scanner would take it."""
    try:
        _Scanner(body.decode("latin-1")).document()
    except Complaint as error:
        return str(error)
    return ""


class _Scanner:
    """Bytes as letters, one each: Go's scanner looks at bytes too."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def document(self) -> None:
        closing: list[str] = []
        self._open(self._value(), closing)
        while closing:
            self._open(self._next(closing), closing)
        if self._look() is not None:
            raise self._unexpected("after top-level value")

    def _open(self, opened: str, closing: list[str]) -> None:
        """Go into an array or object that has just begun; an empty one ends at once."""
        while opened:
            closing.append("]" if opened == "[" else "}")
            if len(closing) > DEEPEST:
                raise Complaint(TOO_DEEP)
            if self._look() == closing[-1]:
                self._at += 1
                closing.pop()
                return
            opened = self._member() if opened == "{" else self._value()

    def _next(self, closing: list[str]) -> str:
        """What follows a value within an array or object: the next value, or its end."""
        inside = closing[-1]
        found = self._must()
        if found == inside:
            self._at += 1
            closing.pop()
            return ""
        if found != ",":
            raise self._unexpected("after array element" if inside == "]" else "after object key:value pair")
        self._at += 1
        return self._value() if inside == "]" else self._member()

    def _member(self) -> str:
        if self._must() != '"':
            raise self._unexpected("looking for beginning of object key string")
        self._string()
        if self._must() != ":":
            raise self._unexpected("after object key")
        self._at += 1
        return self._value()

    def _value(self) -> str:
        """Read a scalar, or the opening bracket that is answered."""
        found = self._must()
        if found in "[{":
            self._at += 1
            return found
        if found == '"':
            self._string()
        elif found == "-" or found in "0123456789":
            self._number()
        elif found in "tfn":
            self._literal({"t": "true", "f": "false", "n": "null"}[found])
        else:
            raise self._unexpected("looking for beginning of value")
        return ""

    def _string(self) -> None:
        self._at += 1
        while True:
            self._skip(_PLAIN)
            found = self._here()
            if found == '"':
                self._at += 1
                return
            if found != "\\":
                raise self._unexpected("in string literal")
            if not self._skip(_ESCAPE):
                self._bad_escape()

    def _bad_escape(self) -> None:
        self._at += 1
        if self._here() != "u":
            raise self._unexpected("in string escape code")
        self._at += 1
        while self._here() in "0123456789abcdefABCDEF":
            self._at += 1
        raise self._unexpected("in \\u hexadecimal character escape")

    def _number(self) -> None:
        matched = _NUMBER.match(self._text, self._at)
        assert matched is not None
        whole, fraction, exponent = matched.groups()
        if whole is None:
            self._at += 1
            raise self._unexpected("in numeric literal")
        if fraction == ".":
            self._at = matched.start(2) + 1
            raise self._unexpected("after decimal point in numeric literal")
        self._at = matched.end()
        if exponent and not exponent[-1].isdigit():
            raise self._unexpected("in exponent of numeric literal")

    def _literal(self, word: str) -> None:
        for letter in word:
            if self._here() != letter:
                raise self._unexpected(f"in literal {word} (expecting '{letter}')")
            self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        matched = pattern.match(self._text, self._at)
        self._at = matched.end() if matched else self._at
        return matched is not None

    def _look(self) -> str | None:
        while self._at < len(self._text) and self._text[self._at] in SPACE:
            self._at += 1
        return self._text[self._at] if self._at < len(self._text) else None

    def _must(self) -> str:
        self._look()
        return self._here()

    def _here(self) -> str:
        if self._at >= len(self._text):
            raise Complaint(END)
        return self._text[self._at]

    def _unexpected(self, where: str) -> Complaint:
        return Complaint(f"invalid character {_shown(self._here())} {where}")


def _shown(letter: str) -> str:
    """``quoteChar``: as a Go character literal."""
    named = {"'": "\\'", '"': '"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r",
             "\t": "\\t", "\v": "\\v"}  # fmt: skip
    if letter in named:
        return f"'{named[letter]}'"
    if letter.isprintable():
        return f"'{letter}'"
    return f"'\\x{ord(letter):02x}'" if ord(letter) < 0x80 else f"'\\u{ord(letter):04x}'"
