"""One request's life, from its head to its line in the log.

The phases are the methods, named as in the chart of docs/gateway.md, and each calls the next one directly: on the
common path (an idle connection is there, the answer fits one read) a request is two calls from the loop, one for the
client's bytes and one for the endpoint's, with two writes.

    read_request > find_application > run_rules > choose_endpoint > connect > send_request
        > receive_response > receive_body > finish > log
    connect ! fail_to_connect > choose_endpoint;  send_request, receive_* ! upstream_lost, fail_to_proxy > answer
    find_application, run_rules, choose_endpoint > answer > finish;  anywhere ! abandon > log

Rules. *Once*: a request is sent again only when nothing of it was sent, or when its method is idempotent
(RFC 9110 9.2.2), nothing of an answer was received, and its body is still held whole. A connection from the pool that
turns out closed says nothing about its endpoint; a new one closed without a word counts against it. *Whole*: an answer
that has begun is finished or the client's connection is cut, never ended as if it were whole. *Snapshot*: application,
decision and selector are those of the beginning, whatever is swapped in meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edge import clock
from edge.gateway.balancing.retry import IDEMPOTENT, Attempt, may_send_again
from edge.gateway.http.head import CHUNKED, RequestHead, ResponseHead
from edge.gateway.http.headers import Edits, client_address, client_scheme, has_passed, request_head, request_id
from edge.gateway.http.reply import Reply
from edge.gateway.http.request_body import BODY_HELD, UPSTREAM_FULL, RequestBody
from edge.gateway.http.tunnel import Tunnel
from edge.gateway.http.upstream import CONNECTING, UpstreamConnection
from edge.gateway.telemetry.recording import record, report_failed_rule
from edge.rules.errors import BadRequestError
from edge.rules.request import Request

if TYPE_CHECKING:
    from edge.gateway.balancing.pool import Address
    from edge.gateway.balancing.selector import Selector
    from edge.gateway.data_path import DataPath
    from edge.gateway.http.protocol import ClientProtocol
    from edge.gateway.snapshot import Application
    from edge.rules.decision import Answer, Decision

CLIENT_GONE = 499
"""Logged and counted when the client left before an answer began; never sent."""


class Exchange:
    """A request of `client` with its answer."""

    __slots__ = (
        "_address",
        "_application",
        "_attempts",
        "_began",
        "_body",
        "_decision",
        "_edits",
        "_error",
        "_finished",
        "_fresh",
        "_head_bytes",
        "_path",
        "_peer",
        "_reply",
        "_selector",
        "_sends",
        "_started",
        "_timed_out",
        "_tried",
        "_upstream",
        "client",
        "head",
        "id",
        "request_ended",
    )

    def __init__(self, path: DataPath, client: ClientProtocol, head: RequestHead) -> None:
        self._path = path
        self.client = client
        self.head = head
        self._peer = peer = client.peer
        self.id = request_id(head, peer, path.fresh_id())
        self._started = clock.precise()
        self._began = path.now()
        self.request_ended = head.length == 0
        self._body = None if self.request_ended else RequestBody(head.length == CHUNKED)
        self._application: Application | None = None
        self._decision: Decision | None = None
        self._edits: Edits = ()
        self._selector: Selector | None = None
        self._tried: list[Address] = []
        self._address: Address | None = None
        self._upstream: UpstreamConnection | None = None
        self._head_bytes = b""
        self._attempts = 0
        self._sends = 0
        self._fresh = False
        self._timed_out = False
        self._finished = False
        self._reply = Reply(client, head, self.id)
        self._error = ""

    def __repr__(self) -> str:
        return f"<Exchange {self.head.method.decode()} {self.head.target.decode()} upstream={self._upstream!r}>"

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
        else:
            self.run_rules(application)

    def run_rules(self, application: Application) -> None:
        """Let the page rules decide: an endpoint is asked, or the answer is known."""
        head = self.head
        path = self._path
        try:
            request = Request(
                method=head.method.decode("ascii"),
                target=head.target.decode("ascii"),
                host=head.host.decode("ascii"),
                scheme=client_scheme(head, self._peer),
                client_address=client_address(head, self._peer, path.trusted_proxies),
                http_version="1.1" if head.version else "1.0",
                headers=head.fields,
                request_id=self.id.decode("ascii"),
            )
            decision = self._decision = application.decide(request)
        except BadRequestError as error:
            self.answer(400, str(error))
            return
        except Exception:  # a mistake of ours, or of a rule that nobody foresaw: it is this request's only
            report_failed_rule(application.name, self.id)
            self.answer(500)
            return
        self._edits = decision.response_headers
        if decision.upstream is not None:
            self._selector = application.selector(decision.upstream)
            self._head_bytes = request_head(
                head,
                self._peer,
                head.target if decision.target is None else decision.target,
                decision.request_headers,
                self.id,
                path.pseudonym,
            )
            self.choose_endpoint()
        elif decision.answer is not None:
            self.respond(decision.answer)
        else:
            self.answer(404, "no page rule takes this request")

    def choose_endpoint(self) -> None:
        """The next endpoint that has not been tried; ejected ones only when no other is left."""
        tried = self._tried
        selector = self._selector
        assert selector is not None
        target = selector.choose(tried)
        if target is not None:
            self._attempts += 1
            address = target.address
            pool = self._path.pool
            self.connect(pool.prefer(address, selector, tried) if pool.ejected else address)
        elif not tried:
            self.answer(503)
        elif self._timed_out:
            self.answer(504, "no endpoint of the upstream took the connection in time")
        else:
            self.answer(502, "no endpoint of the upstream could be reached")

    def connect(self, address: Address) -> None:
        """A connection from the pool, or a new one."""
        path = self._path
        self._address = address
        connection = None if self._fresh else path.pool.take(address)
        if connection is not None and self.head.method not in IDEMPOTENT:
            while connection is not None and connection.is_stale():
                connection.drop()
                connection = path.pool.take(address)
        if connection is None:
            self._upstream = connection = UpstreamConnection(path, self)
            path.pool.open(connection, address)
        else:
            self._upstream = connection
            self.send_request(connection)

    def connected(self, connection: UpstreamConnection) -> None:
        """The new connection is there."""
        self.send_request(connection)

    def send_request(self, connection: UpstreamConnection) -> None:
        """Send the head with what there is of the body; the rest follows as it comes."""
        self._sends += 1
        body = self._body
        if body is None:
            connection.send(self, self._head_bytes, self.head.method)
            return
        assert body.held is not None
        connection.send(self, b"".join((self._head_bytes, *body.held)), self.head.method)
        body.passed_on(self._path.settings.replay_limit)
        self.client.unhold(BODY_HELD | UPSTREAM_FULL)

    def receive_request_body(self, data: bytes, ended: bool) -> None:
        """The client sent more of the body."""
        body = self._body
        assert body is not None
        data = body.take(data, ended)
        self.request_ended = ended
        connection = self._upstream
        if connection is not None and connection.state is not CONNECTING:
            body.passed_on(self._path.settings.replay_limit)
            connection.send_more(data, ended)
        elif body.size > self._path.settings.buffer_limit:
            self.client.hold(BODY_HELD)

    # What goes wrong on the way

    def fail_to_connect(self, timed_out: bool) -> None:
        """Nothing was sent: the next endpoint, whatever the method."""
        assert self._address is not None
        self._upstream = None
        self._timed_out = self._timed_out or timed_out
        self._tried.append(self._address)
        if self._path.now() - self._began > self._path.settings.retry_within:
            self.answer(504 if self._timed_out else 502)
            return
        self._path.counters.retries += 1
        self.choose_endpoint()

    def upstream_lost(self, connection: UpstreamConnection) -> None:
        """The endpoint closed before its answer was whole."""
        self._upstream = None
        path = self._path
        if self._reply.begun:
            self.fail_to_proxy(502, "the endpoint closed before its answer was whole")
            return
        if not connection.reused and not connection.received:
            path.pool.failed(connection.origin)
            self._tried.append(connection.origin.address)
        attempt = Attempt(
            self.head.method,
            connection.received,
            self._body is None or self._body.held is not None,
            self._sends,
            path.now() - self._began,
        )
        if not may_send_again(attempt, path.settings):
            self.answer(502, "the endpoint closed the connection without an answer")
            return
        self._fresh = True  # if one idle connection is closed, its neighbours may be too
        path.counters.retries += 1
        self.choose_endpoint()

    def fail_to_proxy(self, status: int, reason: str) -> None:
        """The endpoint did what is not allowed, or nothing for too long."""
        self._upstream = None
        self._error = reason
        if self._reply.begun:
            self._finished = True
            self.client.abort()
            self.log()
        else:
            self.answer(status, reason)

    def refuse(self, status: int, reason: str) -> None:
        """The client did what is not allowed in its body, or nothing for too long."""
        if self._reply.begun:
            self.fail_to_proxy(status, reason)
            self._drop_upstream()
            return
        self._error = reason
        self._drop_upstream()
        self.answer(status, reason, keep_alive=False)

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
        connection, self._upstream = self._upstream, None
        if connection is not None:
            connection.abandon()

    # The answer

    def receive_interim(self, response: ResponseHead) -> None:
        """A 1xx of the endpoint."""
        self._reply.interim(response)

    def receive_response(self, response: ResponseHead, body: bytes, ended: bool) -> None:
        """The endpoint's head with what came of its body."""
        if ended:
            self._upstream = None
        self._reply.relay(response, self._edits, body, ended, self._may_keep_alive())
        if ended:
            self.finish()

    def receive_body(self, body: bytes, ended: bool) -> None:
        """More of the endpoint's body."""
        if ended:
            self._upstream = None
        self._reply.relay_more(body, ended)
        if ended:
            self.finish()

    def answer(self, status: int, reason: str = "", keep_alive: bool = True) -> None:
        """Answer with a short text about `status`."""
        self._error = self._error or reason
        self._reply.short(status, reason, keep_alive and self._may_keep_alive())
        self.finish()

    def respond(self, answer: Answer) -> None:
        """Give the answer that a rule holds."""
        self._reply.fixed(answer, self._edits, self._may_keep_alive())
        self.finish()

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

    def may_switch(self, response: ResponseHead) -> bool:
        """Whether a 101 is what the client asked for."""
        return self.head.websocket and response.upgrade.lower() == b"websocket"

    def tunnel(self, endpoint: Any, response: ResponseHead, rest: bytes) -> None:
        """The endpoint agreed to a WebSocket: join the connections."""
        self._upstream = None
        self._finished = True
        self._reply.switch(response)
        transport = self.client.transport
        held = self.client.take_over()
        Tunnel(self._path, self._tunnel_ended).join(transport, endpoint, rest, held)

    def _tunnel_ended(self, sent: int) -> None:
        self._reply.sent += sent
        self.log()

    # Back-pressure

    def client_full(self) -> None:
        """The client does not take what it is sent: read the endpoint no more."""
        if self._upstream is not None:
            self._upstream.pause_reading()

    def client_taking(self) -> None:
        """The client takes bytes again."""
        if self._upstream is not None:
            self._upstream.resume_reading()

    def upstream_full(self) -> None:
        """The endpoint does not take the body: read the client no more."""
        self.client.hold(UPSTREAM_FULL)

    def upstream_taking(self) -> None:
        """The endpoint takes bytes again."""
        self.client.unhold(UPSTREAM_FULL)

    def log(self) -> None:
        """Count the request and write its line."""
        application, decision = self._application, self._decision
        record(
            self._path,
            self.head,
            self._peer,
            self.id,
            seconds=clock.precise() - self._started,
            application="" if application is None else application.id,
            upstream="" if decision is None else decision.upstream or "",
            address=self._address,
            attempts=self._attempts,
            status=self._reply.status,
            sent=self._reply.sent,
            error=self._error,
        )
