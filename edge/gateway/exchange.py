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
from edge.gateway import answers, chunks
from edge.gateway.access_log import Line
from edge.gateway.head import CHUNKED, MalformedError, RequestHead, ResponseHead
from edge.gateway.headers import (
    client_address,
    edited,
    interim_head,
    request_head,
    request_id,
    response_head,
    switching_head,
)
from edge.gateway.tunnel import Tunnel
from edge.gateway.upstream import CONNECTING, UpstreamConnection
from edge.rules.errors import BadRequestError
from edge.rules.request import Request

if TYPE_CHECKING:
    from edge.gateway.data_path import DataPath
    from edge.gateway.headers import Peer
    from edge.gateway.pool import Address
    from edge.gateway.protocol import ClientProtocol
    from edge.rules.decision import Answer

IDEMPOTENT = frozenset(b"GET HEAD OPTIONS PUT DELETE QUERY PROPFIND SEARCH REPORT".split())
"""Methods that may be sent twice: RFC 9110 9.2.2 and the safe ones of WebDAV."""

BODY_HELD, UPSTREAM_FULL, HELD = 1, 2, 4
"""Why a client is not read: a body without a connection yet, an endpoint that does not take, too much pipelined."""

CLIENT_GONE = 499
"""Logged and counted when the client left before an answer began; never sent."""


class Exchange:
    """A request of `client` with its answer."""

    __slots__ = (
        "_address",
        "_answer_begun",
        "_application",
        "_attempts",
        "_began",
        "_body",
        "_body_size",
        "_chunked",
        "_continued",
        "_decision",
        "_edits",
        "_error",
        "_finished",
        "_fresh",
        "_head_bytes",
        "_keep",
        "_path",
        "_peer",
        "_selector",
        "_sends",
        "_sent",
        "_started",
        "_status",
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
        self._body: list[bytes] | None = None if self.request_ended else []
        self._body_size = 0
        self._application: Any = None
        self._decision: Any = None
        self._edits: Any = ()
        self._selector: Any = None
        self._tried: list[Address] = []
        self._address: Address | None = None
        self._upstream: UpstreamConnection | None = None
        self._head_bytes = b""
        self._attempts = 0
        self._sends = 0
        self._fresh = False
        self._timed_out = False
        self._continued = False
        self._answer_begun = False
        self._chunked = False
        self._keep = False
        self._finished = False
        self._status = 0
        self._sent = 0
        self._error = ""

    def __repr__(self) -> str:
        return f"<Exchange {self.head.method.decode()} {self.head.target.decode()} upstream={self._upstream!r}>"

    # From the head to an endpoint

    def find_application(self) -> None:
        """The application that the host names, in the snapshot of now."""
        head = self.head
        if head.via and self._has_been_here():
            self.answer(508)
            return
        application = self._application = self._path.snapshot.find(head.host.decode("latin-1"))
        if application is None:
            self.answer(404, "no application answers this host")
        else:
            self.run_rules()

    def run_rules(self) -> None:
        """Let the page rules decide: an endpoint is asked, or the answer is known."""
        head = self.head
        path = self._path
        try:
            request = Request(
                method=head.method.decode("ascii"),
                target=head.target.decode("ascii"),
                host=head.host.decode("ascii"),
                scheme=self._peer.scheme,
                client_address=client_address(head, self._peer, path.trusted_proxies),
                http_version="1.1" if head.version else "1.0",
                headers=head.fields,
                request_id=self.id.decode("ascii"),
            )
            decision = self._decision = self._application.decide(request)
        except BadRequestError as error:
            self.answer(400, str(error))
            return
        self._edits = decision.response_headers
        if decision.upstream is not None:
            self._selector = self._application.selector(decision.upstream)
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
        pool = self._path.pool
        tried = self._tried
        target = self._selector.choose(tried)
        if target is not None and pool.ejected and pool.is_ejected(target.address):
            target = self._choose_not_ejected(target)
        if target is not None:
            self._attempts += 1
            self.connect(target.address)
        elif not tried:
            self.answer(503)
        elif self._timed_out:
            self.answer(504, "no endpoint of the upstream took the connection in time")
        else:
            self.answer(502, "no endpoint of the upstream could be reached")

    def _choose_not_ejected(self, first: Any) -> Any:
        pool = self._path.pool
        passed = [*self._tried, first.address]
        while (target := self._selector.choose(passed)) is not None:
            if not pool.is_ejected(target.address):
                return target
            passed.append(target.address)
        return first

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
        connection.send(self, b"".join((self._head_bytes, *body)), self.head.method)
        self._forget_large_body()
        self.client.unhold(BODY_HELD | UPSTREAM_FULL)

    def receive_request_body(self, data: bytes, ended: bool) -> None:
        """The client sent more of the body."""
        if self.head.length == CHUNKED:
            data = chunks.encode(data) + chunks.LAST if ended else chunks.encode(data)
        self.request_ended = ended
        if self._body is not None:
            self._body.append(data)
            self._body_size += len(data)
        connection = self._upstream
        if connection is not None and connection.state is not CONNECTING:
            self._forget_large_body()
            connection.send_more(data, ended)
        elif self._body_size > self._path.settings.buffer_limit:
            self.client.hold(BODY_HELD)

    def _forget_large_body(self) -> None:
        if self._body_size > self._path.settings.replay_limit:
            self._body = None

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
        if self._answer_begun:
            self.fail_to_proxy(502, "the endpoint closed before its answer was whole")
            return
        if not connection.reused and not connection.received:
            path.pool.failed(connection.origin)
            self._tried.append(connection.origin.address)
        if (
            connection.received
            or self.head.method not in IDEMPOTENT
            or (self.head.length != 0 and self._body is None)
            or self._sends >= path.settings.attempts
            or path.now() - self._began > path.settings.retry_within
        ):
            self.answer(502, "the endpoint closed the connection without an answer")
            return
        self._fresh = True  # if one idle connection is closed, its neighbours may be too
        path.counters.retries += 1
        self.choose_endpoint()

    def fail_to_proxy(self, status: int, reason: str) -> None:
        """The endpoint did what is not allowed, or nothing for too long."""
        self._upstream = None
        self._error = reason
        if self._answer_begun:
            self._finished = True
            self.client.abort()
            self.log()
        else:
            self.answer(status, reason)

    def refuse(self, status: int, reason: str) -> None:
        """The client did what is not allowed in its body, or nothing for too long."""
        if self._answer_begun:
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
        if not self._answer_begun:
            self._status = CLIENT_GONE
        self._drop_upstream()
        self.log()

    def _drop_upstream(self) -> None:
        connection, self._upstream = self._upstream, None
        if connection is not None:
            connection.abandon()

    # The answer

    def receive_interim(self, response: ResponseHead) -> None:
        """A 1xx of the endpoint: passed on to whom it can help."""
        head = self.head
        if head.version == 0 or (response.status == 100 and not head.expects_continue):
            return
        self._continued = self._continued or response.status == 100
        self._write(interim_head(response, head))

    def receive_response(self, response: ResponseHead, body: bytes, ended: bool) -> None:
        """The endpoint's head with what came of its body."""
        head = self.head
        keep = self._may_keep_alive()
        self._status = response.status
        if response.length < 0:
            if head.version:
                self._chunked = True
            else:
                keep = False
        self._keep = keep
        self._answer_begun = True
        data = response_head(response, head, self._edits, self.id, keep)
        if self._chunked:
            data += chunks.encode(body)
            if ended:
                data += chunks.LAST
        elif body:
            data += body
        if ended:
            self._upstream = None
        self._write(data)
        if ended:
            self.finish(keep)

    def receive_body(self, body: bytes, ended: bool) -> None:
        """More of the endpoint's body."""
        if self._chunked:
            body = chunks.encode(body) + chunks.LAST if ended else chunks.encode(body)
        if ended:
            self._upstream = None
        if body:
            self._write(body)
        if ended:
            self.finish(self._keep)

    def answer(self, status: int, reason: str = "", keep_alive: bool = True) -> None:
        """Answer with a short text about `status`."""
        keep = keep_alive and self._may_keep_alive()
        head = self.head
        self._status = status
        self._answer_begun = True
        self._error = self._error or reason
        self._write(
            answers.build(
                status,
                self.id,
                reason=reason,
                keep_alive=keep,
                version=head.version,
                without_body=head.method == b"HEAD",
            )
        )
        self.finish(keep)

    def respond(self, answer: Answer) -> None:
        """Give the answer that a rule holds."""
        head = self.head
        keep = self._may_keep_alive()
        fields = [(b"content-type", answer.content_type)] if answer.content_type else []
        if answer.location is not None:
            fields.append((b"location", answer.location))
        self._status = answer.status
        self._answer_begun = True
        self._write(
            answers.respond(
                answer.status,
                answer.body,
                self.id,
                fields=edited(fields, self._edits),
                keep_alive=keep,
                version=head.version,
                without_body=head.method == b"HEAD",
            )
        )
        self.finish(keep)

    def finish(self, keep_alive: bool) -> None:
        """All is written."""
        if self._finished:
            return
        self._finished = True
        self.log()
        self.client.exchange_finished(keep_alive)

    def _may_keep_alive(self) -> bool:
        head = self.head
        if not head.keep_alive or self._path.draining:
            return False
        # RFC 9110 10.1.1: a client that was not told to continue may send its body or not; both look alike.
        return self.request_ended or self._continued or not head.expects_continue

    def _write(self, data: bytes) -> None:
        self._sent += len(data)
        self.client.write(data)

    # WebSocket

    def may_switch(self, response: ResponseHead) -> bool:
        """Whether a 101 is what the client asked for."""
        return self.head.websocket and response.upgrade.lower() == b"websocket"

    def tunnel(self, endpoint: Any, response: ResponseHead, rest: bytes) -> None:
        """The endpoint agreed to a WebSocket: join the connections."""
        path = self._path
        client = self.client
        self._status = 101
        self._upstream = None
        self._answer_begun = self._finished = True
        self._write(switching_head(response, self.id))
        transport = client.transport
        held = client.take_over()

        def ended(sent: int) -> None:
            self._sent += sent
            path.tunnel_gone(tunnel)
            self.log()

        tunnel = Tunnel(path.loop, path.wheel, path.settings.tunnel_timeout, ended)
        path.tunnels[tunnel] = None
        tunnel.join(transport, endpoint, rest, held)

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

    # The end

    def log(self) -> None:
        """Count the request and write its line."""
        path = self._path
        seconds = clock.precise() - self._started
        application = self._application
        application_id = "" if application is None else application.id
        decision = self._decision
        upstream = "" if decision is None or decision.upstream is None else decision.upstream
        path.counters.record(application_id, upstream, self._status, seconds)
        log = path.access_log
        if log.enabled:
            head = self.head
            address = self._address
            log.write(
                Line(
                    time=clock.unix() - seconds,
                    request_id=self.id.decode("latin-1"),
                    client=self._peer.address,
                    application=application_id,
                    method=head.method.decode("latin-1"),
                    host=head.host.decode("latin-1"),
                    path=head.target.partition(b"?")[0].decode("latin-1"),
                    status=self._status,
                    sent=self._sent,
                    seconds=round(seconds, 6),
                    upstream=upstream,
                    endpoint="" if address is None else f"{address[0]}:{address[1]}",
                    attempts=self._attempts,
                    error=self._error,
                )
            )

    @staticmethod
    def log_refused(path: DataPath, peer: Peer, identity: bytes, error: MalformedError, sent: int) -> None:
        """Count and write a request whose head could not be read."""
        path.counters.record("", "", error.status, 0.0)
        if path.access_log.enabled:
            path.access_log.write(
                Line(
                    time=clock.unix(),
                    request_id=identity.decode(),
                    client=peer.address,
                    application="",
                    method="",
                    host="",
                    path="",
                    status=error.status,
                    sent=sent,
                    seconds=0.0,
                    error=error.reason,
                )
            )

    def _has_been_here(self) -> bool:
        pseudonym = self._path.pseudonym
        return any(entry.split()[1:2] == [pseudonym] for entry in self.head.via.split(b","))
