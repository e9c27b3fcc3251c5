"""Cross-origin requests of browsers: preflights are answered here, other answers say who may read them.

Source: Fetch standard, section 3.3 (CORS protocol). An origin that is not allowed gets the plain answer without any
`Access-Control-*` field, as the standard wants it: the browser then keeps it from the page. Whenever the answer
depends on who asks, it says `Vary: Origin`, so that no cache gives one origin's answer to another.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.gateway.actions.passage import PASS, Passage, Verdict
from edge.gateway.actions.varying import with_vary
from edge.gateway.http.head import ResponseHead
from edge.model.actions import Cors
from edge.rules.decision import Answer

Fields = list[tuple[bytes, bytes]]


class CrossOrigin:
    """Gate for preflights and filter for answers."""

    def __init__(self, action: Cors) -> None:
        self._any = "*" in action.origins
        self._allows = _matcher(action.origins)
        self._credentials: Fields = [(b"access-control-allow-credentials", b"true")] if action.credentials else []
        self._preflight: Fields = [(b"access-control-allow-methods", ", ".join(action.methods).encode())]
        if action.headers:
            self._preflight.append((b"access-control-allow-headers", ", ".join(action.headers).encode()))
        self._preflight.append((b"access-control-max-age", b"%d" % action.max_age))
        self._exposed: Fields = []
        if action.expose:
            self._exposed = [(b"access-control-expose-headers", ", ".join(action.expose).encode())]

    def enter(self, passage: Passage) -> Verdict | Answer:
        request = passage.request
        if request.method != "OPTIONS" or request.header(b"access-control-request-method") is None:
            return PASS
        return Answer(204, fields=tuple(self._preflight) if self._origin(passage) is not None else ())

    def replace(self, passage: Passage, status: int) -> Answer | None:
        """No answer is replaced for the origin's sake."""
        return None

    def change(self, passage: Passage, response: ResponseHead) -> None:
        """The endpoint's own `Access-Control-*` fields go: two voices on who may read it would be one too many."""
        fields = [
            field
            for field in response.fields
            if not field[0].startswith(b"access-control-") or field in self._preflight
        ]
        origin = self._origin(passage)
        if origin is not None:
            fields += [(b"access-control-allow-origin", origin), *self._credentials, *self._exposed]
        response.fields = fields if self._any else with_vary(fields, b"Origin")

    def _origin(self, passage: Passage) -> bytes | None:
        """What to say to this request's origin, or None when it is not allowed or none is named."""
        origin = passage.request.header(b"origin")
        if origin is None or not self._allows(origin):
            return None
        return b"*" if self._any else origin.encode("latin-1", "replace")


def _matcher(origins: tuple[str, ...]) -> Callable[[str], bool]:
    if "*" in origins:
        return lambda origin: True
    exact = frozenset(origin for origin in origins if "*." not in origin)
    wild = [tuple(origin.split("*.")) for origin in origins if "*." in origin]

    def allows(origin: str) -> bool:
        if origin in exact:
            return True
        return any(
            origin.startswith(scheme) and origin.endswith("." + rest) and "/" not in origin[len(scheme) :]
            for scheme, rest in wild
        )

    return allows
