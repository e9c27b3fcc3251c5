"""Rewriting the path of the request that goes to the upstream; the query string always stays.

It works on the clean path (`edge.rules.paths`), in which an escaped slash stays escaped and no `..` is left. Where what
is looked for is only found in the decoded path (a client may write `/%61` for `/a`, and conditions do not care), the
decoded path is rewritten and encoded anew.

- `prefix` is compared with the decoded path, as the operator `prefix` does. At the seam one slash is left: `/a` with
  `/` makes `/a/b` to `/b`.
- `matches` replaces the first match; `$0` is the whole match, `$1` to `$9` its groups, `$$` a dollar sign.

The result always begins with a slash. What does not match is left as it is. A rewritten path never leaves the directory
that a rule put it into: with `/a` rewritten to `/files/`, `/a../secret` would become `/files/../secret`, so a result
with a dot segment is the client's fault (BadPathError).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from edge.model.actions import RewritePath
from edge.rules import names, paths
from edge.rules.errors import BadPathError
from edge.rules.expressions import Expression

Rewrite: TypeAlias = Callable[[str, str], str | None]
"""From (clean path, decoded path) to the new clean path, or None when nothing matched."""


class ReplacementError(ValueError):
    """A replacement that cannot be read; the message says what was expected."""


def compile_rewrite(action: RewritePath) -> Rewrite:
    """Raises ReplacementError or PatternError (ValueErrors) for what `validate` would have refused."""
    if action.prefix is not None:
        return _by_prefix(action.prefix, written(action.replacement))
    if action.matches is None:
        raise ReplacementError("rewrite-path needs a prefix or matches")
    return _by_expression(Expression((action.matches,)), action.replacement)


def written(replacement: str) -> str:
    """Literal text as a path is written: escapes stay, what a path cannot hold is encoded."""
    first, *rest = replacement.split("%")
    return "%".join([paths.encode(first), *map(paths.encode, rest)])


def parse(replacement: str, groups: int) -> list[str | int]:
    """Literal parts and group numbers, in order. Raises ReplacementError."""
    parts: list[str | int] = []
    literal = ""
    characters = iter(replacement)
    for character in characters:
        if character != "$":
            literal += character
            continue
        following = next(characters, "")
        if following == "$":
            literal += "$"
        elif following.isascii() and following.isdigit():
            if int(following) > groups:
                raise ReplacementError(f"${following} is used, but the pattern has {groups} groups")
            parts += [written(literal), int(following)]
            literal = ""
        else:
            raise ReplacementError("expected a digit or another $ after $")
    return [*parts, written(literal)]


def _by_prefix(prefix: str, replacement: str) -> Rewrite:
    encoded = paths.encode(prefix)

    def rewrite(clean: str, path: str) -> str | None:
        if not path.startswith(prefix):
            return None
        if not clean.startswith(encoded):
            clean = paths.encode(path)
        rest = clean[len(encoded) :]
        if replacement.endswith("/") and rest.startswith("/"):
            rest = rest[1:]
        return _rooted(replacement + rest)

    return rewrite


def _by_expression(expression: Expression, replacement: str) -> Rewrite:
    parts = parse(replacement, expression.groups)

    def rewrite(clean: str, path: str) -> str | None:
        found = expression.search(clean)
        if found is not None:
            data, encode = names.data(clean), _as_it_is
        else:
            found = expression.search(path) if path != clean else None
            if found is None:
                return None
            data, encode = names.data(path), _encoded
        middle = [part if isinstance(part, str) else encode(found.group(part) or b"") for part in parts]
        return _rooted("".join([encode(data[: found.start()]), *middle, encode(data[found.end() :])]))

    return rewrite


def _as_it_is(part: bytes) -> str:
    return names.text(part)


def _encoded(part: bytes) -> str:
    return paths.encode(names.text(part))


def _rooted(path: str) -> str:
    path = path if path.startswith("/") else "/" + path
    if "/." in path and paths.has_dot_segments(path):
        raise BadPathError("the path has a dot segment after a rule rewrote it")
    return path
