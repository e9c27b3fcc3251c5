"""A request on its way to endpoints as a page rule says: with a backup upstream, retries and timeouts of its own.

Words. An *attempt* is one endpoint asked, whether or not it could be connected to. A *failure* is what ended one: one
of the conditions of `edge.model.actions.Retries`, or the status of an answer that is thrown away.

Rules. Without `retries` attempts and conditions are those of `Forwarding`. With them, each of the two upstreams has
`attempts`, and what was sent already is sent again only within the budget (`balancing.budget`). An answer is thrown
away before anything of it went to the client, and only when there is another endpoint to ask: else it is passed on. An
idle connection that turns out closed is nobody's failure: the request is sent once more on a new one and no attempt is
counted. The backup is asked once the upstream has no endpoint, or attempt, left, and never after a failure that forbids
another attempt. `timeout` and `per_try_timeout` run from when the client's request is whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from edge.gateway.balancing.retry import DEFAULT, IDEMPOTENT, allows
from edge.gateway.http.forwarding import Forwarding
from edge.gateway.http.timers import NEVER
from edge.gateway.http.upstream import CONNECTING

if TYPE_CHECKING:
    from edge.gateway.balancing.backend import Backend
    from edge.gateway.balancing.budget import Budget, Name
    from edge.gateway.balancing.target import Address
    from edge.gateway.data_path import DataPath
    from edge.gateway.http.exchange import Exchange
    from edge.gateway.http.head import ResponseHead
    from edge.gateway.http.upstream import UpstreamConnection
    from edge.gateway.snapshot import Application
    from edge.rules.routes import Route

Failure: TypeAlias = str | int


class RoutedForwarding(Forwarding):
    """`upstream` is the id that the route has chosen."""

    __slots__ = (
        "_application",
        "_backup",
        "_budget",
        "_budget_name",
        "_over",
        "_repeated",
        "_route",
        "_since",
        "_tries",
        "deadline",
        "slot",
    )

    def __init__(
        self, exchange: Exchange, path: DataPath, application: Application, route: Route, upstream: str, head: bytes
    ) -> None:
        super().__init__(exchange, path, application.backends[upstream], head)
        self._application = application.id
        self._route = route
        self._backup: Backend | None = None
        if route.backup and route.backup != upstream:
            self._backup = application.backends[route.backup]
        self._tries = 0
        self._since = path.now()
        self._over = NEVER
        self._repeated = False
        self._budget_name: Name = (application.id, upstream)
        self._budget: Budget | None = None
        if route.retries is not None:
            self._budget = path.budgets.enter(self._budget_name)
        self.deadline = NEVER
        self.slot = 0

    # Which endpoint

    def choose_endpoint(self) -> None:
        """The first one."""
        address = self._next()
        if address is None:
            self._exchange.answer(503, self._backend.why_none(self._pool))
        else:
            self._attempt(address)

    def _next(self) -> Address | None:
        """An endpoint that has not been tried, of the backup if the upstream has none left."""
        if not self._used_up():
            address = self._backend.choose(self, self._pool, self._tried)
            if address is not None:
                return address
        backup, self._backup = self._backup, None
        if backup is None:
            return None
        path = self._path
        pool = path.pool if backup.tls is None else path.pool_of(backup.tls)
        address = backup.choose(self, pool)
        if address is not None:
            self._backend, self._pool = backup, pool
            self._exchange.upstream = backup.upstream.id
            self._tried = []
            self._tries = self._sends = 0
            self._since = path.now()
        return address

    def _used_up(self) -> bool:
        """Whether the upstream has had its attempts."""
        retries, settings = self._route.retries, self._path.settings
        if retries is not None:
            return self._tries >= retries.attempts
        return self._sends >= settings.attempts or self._path.now() - self._since > settings.retry_within

    def _attempt(self, address: Address) -> None:
        self._tries += 1
        self.attempts += 1
        self._arm()
        self.connect(address)

    def _go_on(self, failure: Failure, *, sent: bool) -> Address | None:
        """The endpoint to ask after a failure, None: the request ends with it."""
        retries = self._route.retries
        body_held = self._body is None or self._body.held is not None
        if not allows(retries or DEFAULT, failure, self._method, sent=sent, body_held=body_held):
            return None
        budget = self._budget
        if sent and budget is not None and not self._repeated and not budget.allows_one_more:
            self._path.counters.limit(self._application, "retries")
            return None
        address = self._next()
        if address is not None:
            self._path.counters.retries += 1
            if sent and budget is not None and not self._repeated:
                self._repeated = True
                budget.repeated += 1
        return address

    def _fail(self, failure: Failure, status: int, reason: str, *, sent: bool) -> None:
        address = self._go_on(failure, sent=sent)
        if address is None:
            self._exchange.answer(status, reason)
        else:
            self._attempt(address)

    # What goes wrong on the way

    def fail_to_connect(self, timed_out: bool, reason: str = "") -> None:
        """Nothing was sent."""
        assert self.address is not None
        self._upstream = None
        self._timed_out = self._timed_out or timed_out
        self._reason = reason or self._reason
        self._tried.append(self.address)
        if self._timed_out:
            self._fail("connect-failure", 504, "no endpoint of the upstream took the connection in time", sent=False)
        else:
            reason = self._reason or "no endpoint of the upstream could be reached"
            self._fail("connect-failure", 502, reason, sent=False)

    def upstream_lost(self, connection: UpstreamConnection) -> None:
        """The endpoint closed before its answer was whole."""
        self._upstream = None
        exchange = self._exchange
        if exchange.answering:
            exchange.fail_to_proxy(502, "the endpoint closed before its answer was whole")
            return
        reason = "the endpoint closed the connection without an answer"
        if connection.received:
            exchange.answer(502, reason)
        elif connection.reused:
            self._send_anew(connection, reason)
        else:
            self._pool.failed(connection.origin)
            self._tried.append(connection.origin.address)
            self._fail("reset", 502, reason, sent=True)

    def _send_anew(self, connection: UpstreamConnection, reason: str) -> None:
        """It came from the pool, and its endpoint had closed it: say it again on a new one."""
        body_held = self._body is None or self._body.held is not None
        late = self._route.retries is None and self._used_up()
        if self._fresh or late or not body_held or self._method not in IDEMPOTENT:
            self._fail("reset", 502, reason, sent=True)
            return
        self._fresh = True  # if one idle connection is closed, its neighbours may be too
        self._path.counters.retries += 1
        self._arm()
        self.connect(self._backend.choose(self, self._pool, self._tried) or connection.origin.address)

    def fail_to_proxy(self, status: int, reason: str) -> None:
        """The endpoint did what is not allowed, or nothing for too long."""
        self._upstream = None
        if status == 504 and not self._exchange.answering and self.address is not None:
            self._tried.append(self.address)
            self._fail("timeout", status, reason, sent=True)
        else:
            self._exchange.fail_to_proxy(status, reason)

    # What the endpoint answers

    def receive_response(self, response: ResponseHead, body: bytes, ended: bool) -> None:
        """The head with what came of its body: the answer, or a reason to ask another endpoint."""
        retries = self._route.retries
        if retries is not None and response.status in retries.statuses and self.address is not None:
            self._tried.append(self.address)
            address = self._go_on(response.status, sent=True)
            if address is not None:
                connection, self._upstream = self._upstream, None
                if connection is not None and not ended:
                    connection.abandon()
                self._attempt(address)
                return
        self.end()
        super().receive_response(response, body, ended)

    def tunnel(self, endpoint: Any, response: ResponseHead, rest: bytes) -> None:
        """The endpoint agreed to a WebSocket."""
        self.end()
        super().tunnel(endpoint, response, rest)

    # Time

    def send_request(self, connection: UpstreamConnection) -> None:
        """Send what there is; the endpoint has as long as the rule says."""
        super().send_request(connection)
        self._wait_longer(connection)

    def send_body(self, data: bytes, ended: bool) -> bool:
        """Send more of the body; once it is whole the answer is waited for."""
        if ended:
            self._arm()
        sent = super().send_body(data, ended)
        if self._upstream is not None:
            self._wait_longer(self._upstream)
        return sent

    def _arm(self) -> None:
        """Set the deadline of this attempt."""
        if not self._exchange.request_ended:
            return
        now, route = self._path.now(), self._route
        if route.timeout is not None and self._over == NEVER:
            self._over = now + route.timeout
        due = self._over
        if route.retries is not None and route.retries.per_try_timeout is not None:
            due = min(due, now + route.retries.per_try_timeout)
        self._path.wheel.set(self, due)

    def _wait_longer(self, connection: UpstreamConnection) -> None:
        """Where the rule gives more time than the settings, the connection's own deadline must not come first."""
        if self.deadline != NEVER and connection.deadline < self.deadline:
            self._path.wheel.set(connection, self.deadline + 1.0)

    def deadline_passed(self) -> None:
        """No answer has begun in time."""
        connection, self._upstream = self._upstream, None
        sent = connection is None or connection.state is not CONNECTING
        if connection is not None:
            if sent and not connection.received:
                self._pool.failed(connection.origin)
            connection.abandon()
        if self.address is not None:
            self._tried.append(self.address)
        if self._path.now() >= self._over:
            self._exchange.answer(504, "no answer began within the time that the page rule gives")
        elif sent:
            self._fail("timeout", 504, "the endpoint did not answer in time", sent=True)
        else:  # either word for it is right
            retries = self._route.retries
            failure = "timeout" if retries is None or "timeout" in retries.conditions else "connect-failure"
            self._fail(failure, 504, "the endpoint did not take the connection in time", sent=False)

    def end(self) -> None:
        """An answer has begun, or none is needed any more; may be called again."""
        self._path.wheel.remove(self)
        if self._budget is not None:
            self._budget = None
            self._path.budgets.leave(self._budget_name, repeated=self._repeated)
