"""One request's life, from its head to its line in the log.

The phases are the methods, named as in the chart of docs/gateway.md, and each calls the next one directly: on the
common path (an idle connection is there, the answer fits one read) a request is two calls from the loop, one for the
client's bytes and one for the endpoint's, with two writes. What concerns endpoints is `Forwarding`.

    read_request > find_application > run_rules > [gates: Passage] > proceed
        > choose_endpoint > connect > send_request > receive_response > [filters: Passage] > receive_body > finish > log
    connect ! fail_to_connect > choose_endpoint;  send_request, receive_* ! upstream_lost, fail_to_proxy > answer
    find_application, run_rules, choose_endpoint > answer > finish;  anywhere ! abandon > log

Rules. *Whole*: an answer that has begun is finished or the client's connection is cut, never ended as if it were
whole. *Snapshot*: application, decision and backend are those of the beginning, whatever is swapped in meanwhile.
*Log*: every request is logged once, when it is over; that is also when its passage ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edge.gateway.actions.passage import Passage
from edge.gateway.http.forwarding import Forwarding
from edge.gateway.http.head import RequestHead, ResponseHead
from edge.gateway.http.headers import Edits, has_passed, may_go_on, request_head, request_id, request_of
from edge.gateway.http.reply import LAST_HOP, Reply, head_of
from edge.gateway.http.request_body import BODY_HELD, RequestBody
from edge.gateway.http.routed import RoutedForwarding
from edge.gateway.http.tunnel import Tunnel
from edge.gateway.telemetry.recording import record, report_failed_rule
from edge.gateway.tls.secured import refusal
from edge.rules.errors import BadRequestError

if TYPE_CHECKING:
    from edge.gateway.data_path import DataPath
    from edge.gateway.http.protocol import ClientProtocol
    from edge.gateway.http.subrequest import Subrequest
    from edge.gateway.snapshot import Application
    from edge.rules.decision import Answer, Decision

CLIENT_GONE = 499
"""Logged and counted when the client left before an answer began; never sent."""


class Exchange:
    """A request of `client` with its answer. `body` is the request's, None when it has none; `upstream` is the id of
    the one that it goes to, None: to none."""

    __slots__ = (
        "_application",
        "_began",
        "_decision",
        "_edits",
        "_error",
        "_finished",
        "_forwarding",
        "_passage",
        "_path",
        "_peer",
        "_reply",
        "_started",
        "body",
        "client",
        "head",
        "id",
        "observed",
        "request_ended",
        "upstream",
    )

    def __init__(self, path: DataPath, client: ClientProtocol, head: RequestHead) -> None:
        self._path = path
        self.client = client
        self.head = head
        self._peer = peer = client.peer
        self.id = request_id(head, peer, path.fresh_id())
        self._started = self._began = path.precise()
        self.request_ended = head.length == 0
        self.body = None if self.request_ended else RequestBody(head.length)
        self._application: Application | None = None
        self._decision: Decision | None = None
        self.upstream: str | None = None
        self._edits: Edits = ()
        self._passage: Passage | None = None
        self._forwarding: Forwarding | None = None
        self._finished = False
        self._reply = Reply(client, head, self.id, path.date)
        self._error = ""
        self.observed = None if path.observe is None else path.observe(head)

    def __repr__(self) -> str:
        return f"<Exchange {self.head.method.decode()} {self.head.target.decode()} {self._forwarding!r}>"

    @property
    def answering(self) -> bool:
        """Whether an answer has begun."""
        return self._reply.begun

    @property
    def ends_with_connection(self) -> bool:
        """Whether the end of the client's connection is the end of the answer."""
        return self._reply.ends_with_connection

    def decided(self) -> tuple[str, str]:
        """The application's version and the id of the page rule that decided; empty: there was none."""
        application, decision = self._application, self._decision
        return "" if application is None else application.release, "" if decision is None else decision.rule

    def age(self) -> float:
        """Seconds since the request began."""
        return self._path.precise() - self._began

    # From the head to an endpoint

    def find_application(self) -> None:
        """The application that the host names, in the snapshot of now."""
        head = self.head
        if head.via and has_passed(head, self._path.pseudonym):
            self.answer(508)
            return
        application = self._application = self._path.snapshot.find(head.host.decode("latin-1"))
        if application is None:
            self.answer(404, "no application answers this host")
            return
        secured = self.client.secured
        if secured is not None or application.clients is not None:
            refused = refusal(secured, application, self._path.snapshot)
            if refused is not None:
                self.answer(*refused)
                return
        self.run_rules(application)

    def run_rules(self, application: Application) -> None:
        """Let the page rules decide: an endpoint is asked, or the answer is known."""
        try:
            request = request_of(self.head, self._peer, self.id, self._path.trusted_proxies)
            decision = self._decision = application.decide(request)
        except BadRequestError as error:
            self.answer(400, str(error))
            return
        except Exception:  # a mistake of ours, or of a rule that nobody foresaw: it is this request's only
            report_failed_rule(application.name, self.id)
            self.answer(500)
            return
        self._edits = decision.response_headers
        if decision.request_id is not None:
            self.id = self._reply.identity = decision.request_id
        route = decision.route
        upstream = self.upstream = decision.upstream if route is None else route.choose(request, self._path.draw)
        if decision.gates or decision.filters:
            passage = self._passage = Passage(self, self._path, request, decision, application.id)
            passage.upstream = upstream
            passage.go_on()
        else:
            self.proceed()

    def proceed(self) -> None:
        """Nothing stands between the request and what the rules decided."""
        path, decision, application = self._path, self._decision, self._application
        assert decision is not None
        if (upstream := self.upstream) is not None and not may_go_on(self.head):
            self.respond(LAST_HOP)
        elif upstream is not None:
            assert application is not None
            if self._passage is not None:
                self._began = path.precise()  # what gates held it for is not the endpoints' fault
            data = self.upstream_head()
            if decision.route is None:
                forwarding = Forwarding(self, path, application.backends[upstream], data)
            else:
                forwarding = RoutedForwarding(self, path, application, decision.route, upstream, data)
            self._forwarding = forwarding
            forwarding.choose_endpoint()
        elif decision.answer is not None:
            self.respond(decision.answer)
        else:
            self.answer(404, "no page rule takes this request")

    def upstream_head(self) -> bytes:
        """The head as endpoints are sent it, with what rules and gates changed until now."""
        head, decision = self.head, self._decision
        assert decision is not None
        edits: Edits = decision.request_headers
        if self._passage is not None:
            edits = (*edits, *self._passage.request_edits)
        if self.observed is not None:
            edits = (*edits, *self.observed.edits())
        target = head.target if decision.target is None else decision.target
        return request_head(head, self._peer, target, edits, self.id, self._path.pseudonym)

    def start(self, subrequest: Subrequest, upstream: str) -> None:
        """Send a request of a gate's own to another upstream of the application, as that was at the beginning."""
        application = self._application
        assert application is not None
        subrequest.start(application.backends[upstream])

    def receive_request_body(self, data: bytes, ended: bool) -> None:
        """The client sent more of the body."""
        body = self.body
        assert body is not None
        data = body.take(data, ended)
        self.request_ended = ended
        if body.is_too_long:
            self._refuse_body(body)
            return
        if self._passage is not None:
            self._passage.request_body(data, ended)
        forwarding = self._forwarding
        if (forwarding is None or not forwarding.send_body(data, ended)) and (
            body.size > self._path.settings.buffer_limit
        ):
            self.client.hold(BODY_HELD)

    def limit_body(self, size: int) -> bool:
        """Take a body of at most `size` bytes; False when it is known to be longer, and so was refused."""
        body = self.body
        if body is not None:
            body.limit = min(body.limit, size)
            if body.is_too_long:
                self._refuse_body(body)
                return False
        return True

    # What goes wrong on the way

    def fail_to_proxy(self, status: int, reason: str) -> None:
        """The endpoint did what is not allowed, or nothing for too long."""
        self._error = reason
        if self._reply.begun:
            self._finished = True
            self.client.abort()
            self.log()
        else:
            self.answer(status, reason)

    def refuse(self, status: int, reason: str) -> None:
        """The client did what is not allowed in its body, or nothing for too long."""
        self._drop_upstream()
        if self._reply.begun:
            self.fail_to_proxy(status, reason)
            return
        self._error = reason
        self.answer(status, reason, keep_alive=False)

    def _refuse_body(self, body: RequestBody) -> None:
        self._path.counters.limit("" if self._application is None else self._application.id, "body")
        self.refuse(413, f"the request's body is longer than {body.limit} bytes")

    def abandon(self) -> None:
        """The client has gone."""
        if self._finished:
            return
        self._finished = True
        self._error = self._error or "the client closed the connection"
        if not self._reply.begun:
            self._reply.status = CLIENT_GONE
        self._drop_upstream()
        self.log()

    def _drop_upstream(self) -> None:
        if self._forwarding is not None:
            self._forwarding.abandon()

    # The answer

    def receive_interim(self, response: ResponseHead) -> None:
        """A 1xx of the endpoint."""
        self._reply.interim(response)

    def receive_response(self, response: ResponseHead, body: bytes, ended: bool) -> None:
        """The endpoint's head with what came of its body."""
        passage = self._passage
        if passage is not None:
            passage.answered = response
            answer = passage.replacement(response.status)
            if answer is not None:
                self._drop_upstream()
                self.respond(answer)
                return
            response.fields = list(response.fields)  # filters change them
            try:
                body = passage.begin_answer(response, body, ended)
            except Exception:
                self._fail_filter()
                return
        self._reply.relay(response, self._edits, body, ended, self._may_keep_alive())
        if ended:
            self.finish()
        elif self.client.full:  # since an interim answer: it is not told again
            self.client_full()

    def receive_body(self, body: bytes, ended: bool) -> None:
        """More of the endpoint's body."""
        if self._passage is not None:
            try:
                body = self._passage.body(body, ended)
            except Exception:
                self._fail_filter()
                return
        self._reply.relay_more(body, ended)
        if ended:
            self.finish()

    def answer(self, status: int, reason: str = "", keep_alive: bool = True) -> None:
        """Answer with a short text about `status`, or with the page that a filter has for it."""
        self._error = self._error or reason
        page = None if self._passage is None else self._passage.replacement(status)
        if page is not None:
            self.respond(page, keep_alive)
            return
        self._reply.short(status, reason, keep_alive and self._may_keep_alive())
        self.finish()

    def respond(self, answer: Answer, keep_alive: bool = True) -> None:
        """Give the answer that a rule, a gate or a filter holds."""
        keep_alive = keep_alive and self._may_keep_alive()
        passage = self._passage
        if passage is None:
            self._reply.fixed(answer, self._edits, keep_alive)
        else:
            response = head_of(answer, self.head)
            without_body = response.length == 0
            try:
                body = passage.begin_answer(response, b"" if without_body else answer.body, True)
            except Exception:
                self._fail_filter()
                return
            self._reply.relay(response, self._edits, body, True, keep_alive)
        self.finish()

    def _fail_filter(self) -> None:
        """A filter raised: a mistake of ours, and this request's only."""
        report_failed_rule("" if self._application is None else self._application.name, self.id)
        self._drop_upstream()
        self._passage = self._passage and self._passage.without_filters()
        self.fail_to_proxy(500, "a filter of the page rules failed")

    def finish(self) -> None:
        """All is written."""
        if self._finished:
            return
        self._finished = True
        self.log()
        self.client.exchange_finished(self._reply.keep_alive)

    def _may_keep_alive(self) -> bool:
        head = self.head
        if not head.keep_alive or self._path.draining:
            return False
        # RFC 9110 10.1.1: a client that was not told to continue may send its body or not; both look alike.
        return self.request_ended or self._reply.continued or not head.expects_continue

    def tunnel(self, endpoint: Any, response: ResponseHead, rest: bytes) -> None:
        """The endpoint agreed to a WebSocket: join the connections."""
        self._finished = True
        self._reply.switch(response)
        held = self.client.take_over()
        Tunnel(self._path, self._tunnel_ended).join(self.client.transport, endpoint, rest, held, self.client.full)

    def _tunnel_ended(self, sent: int) -> None:
        self._reply.sent += sent
        if self._forwarding is not None:
            self._forwarding.tunnel_ended()
        self.log()

    # Back-pressure

    def client_full(self) -> None:
        """The client does not take what it is sent: read the endpoint no more."""
        if self._forwarding is not None:
            self._forwarding.client_full()

    def client_taking(self) -> None:
        """The client takes bytes again."""
        if self._forwarding is not None:
            self._forwarding.client_taking()

    def log(self) -> None:
        """End the passage, count the request and write its line."""
        application, forwarding = self._application, self._forwarding
        if self._passage is not None:
            self._passage.end()
        if forwarding is not None:
            forwarding.end()
        record(
            self._path,
            self.head,
            self._peer,
            self.id,
            seconds=self._path.precise() - self._started,
            application="" if application is None else application.id,
            upstream=self.upstream or "",
            address=None if forwarding is None else forwarding.address,
            attempts=0 if forwarding is None else forwarding.attempts,
            status=self._reply.status,
            sent=self._reply.sent,
            error=self._error,
            exchange=self,
        )
        # They know this exchange: left here, every request would be a cycle for the garbage collector to find.
        self._forwarding = self._passage = None
