"""A request's way past the gates and filters of the page rules that matched.

Words: a *gate* stands before the endpoint or the rule's answer: it lets the request pass, refuses it with an answer, or
*holds* it for a while. A *filter* sees the answer's head before the client does, and may put a *transform* on its body.
Both are made once, when the rules are compiled, and shared by all requests: what they know of one request is in its
passage.

Rules. Gates are passed in the order of their actions. A gate that holds says how to let go of what it waits for, and
calls `go_on` or `refuse` exactly once, unless the passage ended before (then what it gave `hold` is called instead).
What was taken and must be given back goes to `at_end`, which is called once, however the request ends. Filters see
every answer of an endpoint or a rule in order, and the answers of gates too; `replace` may put another answer in its
place, also in place of gates' refusals and the gateway's own errors.

Cost. A request whose rules have neither gates nor filters has no passage.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from edge.gateway.http.headers import Edits, question_of, request_head
from edge.gateway.telemetry.recording import report_failed_rule
from edge.rules import names
from edge.rules.decision import Answer

if TYPE_CHECKING:
    from edge.gateway.data_path import DataPath
    from edge.gateway.http.exchange import Exchange
    from edge.gateway.http.head import RequestHead, ResponseHead
    from edge.gateway.http.subrequest import Subrequest
    from edge.rules.decision import Decision
    from edge.rules.request import Request


class Verdict(Enum):
    """What a gate that does not refuse says."""

    PASS = auto()
    HOLD = auto()


PASS, HOLD = Verdict.PASS, Verdict.HOLD


class Gate(Protocol):
    """Made of an action; shared by all requests."""

    def enter(self, passage: Passage) -> Verdict | Answer:
        """PASS, an answer that refuses, or what `passage.hold` returned."""


class Filter(Protocol):
    """Made of an action; shared by all requests."""

    def replace(self, passage: Passage, status: int) -> Answer | None:
        """Another answer in place of one with this status; asked before `change`."""

    def change(self, passage: Passage, response: ResponseHead) -> Transform | None:
        """Change the head in place; the transform of its body, if there is to be one. A transform whose size is not
        known beforehand sets `response.length` to CHUNKED."""


class Transform(Protocol):
    """One answer's body on its way."""

    def feed(self, data: bytes, ended: bool) -> bytes:
        """The bytes to send instead of `data`."""


class Passage:
    """`request_edits` are added to those of the decision; `identified` says that a gate has asked who the client is, so
    that answers are for it alone; `path` gives gates the loop, the pool and the settings.
    `application` and `upstream` are ids (None: the rule itself answers); `answered` is the endpoint's head, once there
    is one; `target` is the request target that a rule made of the client's; `notes` is what handlers know of this
    request, by handler; `taps` are called with each part of the request's body as it is sent on, framing included, and
    whether it was the last; `stand_ins` are asked before all filters, the last one first, for another answer in place
    of one with this status, because they have the endpoint's own and not one of the gateway's."""

    __slots__ = (
        "_endings",
        "_exchange",
        "_filters",
        "_gates",
        "_over",
        "_release",
        "_set_by_rule",
        "_transforms",
        "answered",
        "application",
        "identified",
        "notes",
        "path",
        "request",
        "request_edits",
        "stand_ins",
        "taps",
        "target",
        "upstream",
    )

    def __init__(
        self, exchange: Exchange, path: DataPath, request: Request, decision: Decision, application: str = ""
    ) -> None:
        self.path = path
        self.request = request
        self.application = application
        self.upstream = decision.upstream
        self.target = decision.target
        self.answered: ResponseHead | None = None
        self.identified = False
        self.notes: dict[Any, Any] = {}
        self.taps: list[Callable[[bytes, bool], None]] = []
        self.stand_ins: list[Callable[[int], Answer | None]] = []
        self.request_edits: list[tuple[bytes, bytes | None]] = []
        self._set_by_rule = decision.request_headers
        self._exchange = exchange
        self._gates: list[Gate] = list(reversed(decision.gates))
        self._filters: tuple[Filter, ...] = decision.filters
        self._transforms: list[Transform] = []
        self._endings: list[Callable[[], None]] = []
        self._release: Callable[[], None] | None = None
        self._over = False

    def __repr__(self) -> str:
        return f"<Passage gates={len(self._gates)} filters={len(self._filters)}>"

    # What gates ask for

    @property
    def head(self) -> RequestHead:
        """The request's head as it was read."""
        return self._exchange.head

    def upstream_head(self) -> bytes:
        """The request's head as endpoints are sent it, with what was changed until now."""
        return self._exchange.upstream_head()

    def sent_header(self, name: bytes) -> str | None:
        """A header of the request as endpoints are sent it: what rules and gates changed until now counts."""
        for edits in (self.request_edits, self._set_by_rule):
            for field, value in reversed(edits):
                if field == name:
                    return None if value is None else names.text(value)
        return self.request.header(name)

    def withhold(self, name: bytes) -> None:
        """Keep a header that the client sent from the endpoint; one that a rule sets goes on."""
        if all(edit[0] != name for edit in self._set_by_rule):
            self.request_edits.append((name, None))

    def own_head(self, target: bytes, kept: Collection[bytes], edits: Edits) -> bytes:
        """The head of a GET of the gate's own about this request: with those of its fields that are `kept`."""
        exchange = self._exchange
        head = question_of(exchange.head, kept)
        return request_head(head, exchange.client.peer, target, edits, exchange.id, self.path.pseudonym)

    def start(self, subrequest: Subrequest, upstream: str) -> None:
        """Send a request of the gate's own to an upstream of the application."""
        self._exchange.start(subrequest, upstream)

    def hold(self, release: Callable[[], None]) -> Verdict:
        """The gate waits for something; `release` lets go of it if the request ends before."""
        self._release = release
        return HOLD

    def go_on(self) -> None:
        """Pass the next gates; behind the last one the request goes on."""
        self._release = None
        while self._gates and not self._over:
            try:
                verdict = self._gates.pop().enter(self)
            except Exception:  # a mistake of ours: it is this request's only
                report_failed_rule(self.request.application, self.request.request_id.encode("ascii"))
                self._exchange.answer(500)
                return
            if verdict is HOLD:
                return
            if isinstance(verdict, Answer):
                self.refuse(verdict)
                return
        if not self._over:
            self._exchange.proceed()

    def enter_again(self, gate: Gate) -> None:
        """What the gate waited for is there: ask it once more, then the next ones."""
        self._gates.append(gate)
        self.go_on()

    def refuse(self, answer: Answer) -> None:
        """The request goes no further."""
        self._release = None
        self._gates.clear()
        if not self._over:
            self._exchange.respond(answer if answer.status < 400 else self._page_for(answer))

    def _page_for(self, refusal: Answer) -> Answer:
        """The page that a filter has in place of a refusal, which still says what the refusal says of more than its
        body: how to ask, or when to come again."""
        page = self.replacement(refusal.status)
        if page is None or page.status < 400:
            return page or refusal
        kept = [field for field in refusal.fields if not field[0].startswith(b"content-")]
        return msgspec.structs.replace(page, fields=(*page.fields, *kept))

    def limit_body(self, size: int) -> Verdict:
        """PASS, unless the body is known already to be longer than `size` bytes: then it was refused. One that turns
        out to be is refused later."""
        return PASS if self._exchange.limit_body(size) else HOLD

    def at_end(self, call: Callable[[], None]) -> None:
        """Call this once the request is over, however it ends."""
        self._endings.append(call)

    # What the exchange asks for

    def end(self) -> None:
        """The request is over."""
        if self._over:
            return
        self._over = True
        release, self._release = self._release, None
        if release is not None:
            release()
        endings, self._endings = self._endings, []
        for call in reversed(endings):
            call()
        # They know this passage: left here, every request past a cache would be a cycle for the garbage collector.
        self.stand_ins.clear()
        self._transforms = []

    def request_body(self, data: bytes, ended: bool) -> None:
        """A part of the request's body, as it is sent on."""
        for tap in self.taps:
            tap(data, ended)

    def replacement(self, status: int) -> Answer | None:
        """Another answer in place of one with this status."""
        for stand_in in reversed(self.stand_ins):
            answer = stand_in(status)
            if answer is not None:
                return answer
        for filter in self._filters:
            answer = filter.replace(self, status)
            if answer is not None:
                return answer
        return None

    def begin_answer(self, response: ResponseHead, body: bytes, ended: bool) -> bytes:
        """Let the filters change the head of an answer and put their transforms on its body; the first part of it."""
        self._transforms = list(self._transforms_of(response))
        data = self.body(body, ended)
        if ended and self._transforms and response.length < 0:
            response.length = len(data)  # all is there: its length is known after all
        return data

    def without_filters(self) -> Passage:
        """Itself, once a filter has failed: the answer that tells of it goes past none."""
        self._filters = ()
        self._transforms = []
        return self

    def _transforms_of(self, response: ResponseHead) -> Iterable[Transform]:
        for filter in self._filters:
            transform = filter.change(self, response)
            if transform is not None:
                yield transform

    def body(self, data: bytes, ended: bool) -> bytes:
        """A part of the answer's body as the client gets it."""
        for transform in self._transforms:
            data = transform.feed(data, ended)
        return data
