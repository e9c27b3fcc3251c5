"""The gate that asks somebody else whether a request may pass, as Traefik's ForwardAuth and nginx's auth_request do.

The question is a GET over the worker's own connections, with what the action names of the request's headers and, in
`X-Forwarded-Method`, `-Uri`, `-Host`, `-Proto` and `-For`, what was asked for. 2xx lets it pass, and the named headers
of the answer go on to the endpoint in place of whatever the client sent there. Any other answer is given to the client,
without what is about one connection. When none comes within PATIENCE, or none that is whole and at most LARGEST, nobody
passes (503).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.gateway.actions.passage import Passage, Verdict
from edge.gateway.http.headers import FRAMING
from edge.gateway.http.subrequest import Subrequest
from edge.model.actions import ForwardAuth
from edge.rules import names
from edge.rules.decision import Answer

if TYPE_CHECKING:
    from edge.gateway.http.head import ResponseHead

PATIENCE = 10.0
"""Seconds that an answer may take."""
LARGEST = 64 * 1024
"""Bytes of an answer's body."""
_KEPT_OUT = FRAMING | {b"x-request-id", b"via"}
_FORWARDED = frozenset((b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"))
_SILENT = Answer(503, b"whether this may be asked for could not be found out\n", b"text/plain")


class ForwardAuthGate:
    """The gate."""

    def __init__(self, action: ForwardAuth) -> None:
        self._upstream = action.upstream
        self._target = names.data(action.path)
        self._asked = frozenset(names.data(name.lower()) for name in action.request_headers) | _FORWARDED
        self._told = tuple(names.data(name.lower()) for name in action.response_headers)

    def __repr__(self) -> str:
        return f"<ForwardAuthGate {self._upstream}>"

    def enter(self, passage: Passage) -> Verdict | Answer:
        question = _Question(passage, self._told)
        head = passage.head
        edits = [(b"x-forwarded-method", head.method), (b"x-forwarded-uri", head.target)]
        data = passage.own_head(self._target, self._asked, edits)
        return question.ask(data, self._upstream)


class _Question:
    """One request's."""

    __slots__ = ("_over", "_passage", "_subrequest", "_timer", "_told")

    def __init__(self, passage: Passage, told: tuple[bytes, ...]) -> None:
        self._passage = passage
        self._told = told
        self._over = False

    def ask(self, data: bytes, upstream: str) -> Verdict:
        """Hold the request and ask."""
        passage = self._passage
        verdict = passage.hold(self._leave)
        self._timer = passage.path.loop.call_later(PATIENCE, self._give_up)
        self._subrequest = Subrequest(passage.path, b"GET", data, self._answered, LARGEST)
        passage.start(self._subrequest, upstream)
        return verdict

    def _leave(self) -> None:
        """The client has gone."""
        self._over = True
        self._timer.cancel()
        self._subrequest.abandon()

    def _give_up(self) -> None:
        self._subrequest.abandon()
        self._answered(None, b"")

    def _answered(self, response: ResponseHead | None, body: bytes) -> None:
        if self._over:
            return
        self._over = True
        self._timer.cancel()
        passage = self._passage
        if response is None or response.status == 304:  # nobody asked whether anything has changed
            passage.refuse(_SILENT)
        elif 200 <= response.status < 300:
            self._let_pass(response)
            passage.go_on()
        else:
            fields = tuple(
                field for field in response.fields if field[0] not in _KEPT_OUT and field[0] not in response.named
            )
            passage.refuse(Answer(response.status, body, fields=fields))

    def _let_pass(self, response: ResponseHead) -> None:
        passage = self._passage
        passage.identified = True
        passage.request_edits += [(name, None) for name in self._told]
        for name in self._told:
            values = [value for field, value in response.fields if field == name and field not in response.named]
            if values:
                passage.request_edits.append((name, b", ".join(values)))
