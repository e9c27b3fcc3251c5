"""The API server as an ASGI application.

The way of a request: read → authenticate → impersonate → log → faults → authorise → route → answer. Whatever goes wrong
on it is a ``Status``, in the form that was asked for; nothing a client sends makes a 500.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from operator import itemgetter
from random import Random

import structlog

from simulator.access.authentication import Authenticator
from simulator.access.impersonation import forbidden_for, impersonate
from simulator.access.users import User
from simulator.api.answer import Answer, compressed, encoded, of_error, text, wants_pretty
from simulator.api.backend import Backend, Call
from simulator.api.decoding import bodies
from simulator.api.decoding.field_validation import Warnings
from simulator.api.exchange import ClientGone, Exchange, Receive, Scope, Send, read_body
from simulator.api.faults import (
    BODY,
    Asked,
    ExpiredFault,
    Fault,
    Faults,
    LatencyFault,
    SlowFault,
    StatusFault,
)
from simulator.api.negotiation import JSON, PLAIN, Form, negotiate
from simulator.api.nonresource import health, metrics
from simulator.api.nonresource.discovery import VERSION, discover
from simulator.api.nonresource.health import PATHS as HEALTH
from simulator.api.nonresource.openapi import OpenApi
from simulator.api.nonresource.openid import OPEN_ID
from simulator.api.request import Request, parse_path
from simulator.api.requests import Entry, RequestLog
from simulator.api.resources import reading, reviews, subresources, watching, writing
from simulator.clock import micro_timestamp, precise
from simulator.errors import ApiError, Expired, method_not_allowed, no_such_path
from simulator.objects.resource import Resource
from simulator.objects.selectors import Selector
from simulator.objects.selectors import parse as parse_selector
from simulator.store.history import Watch
from simulator.tasks import Tasks

log = structlog.get_logger("simulator.api")

Handler = Callable[[Call, Resource], Answer]

HANDLERS: dict[str, Handler] = {
    "get": reading.get,
    "list": reading.list_,
    "create": writing.create,
    "update": writing.update,
    "patch": writing.patch,
    "delete": writing.delete,
    "deletecollection": writing.delete_collection,
}
"""RBAC verb → what answers it, for whole objects; watch has its own way."""


class Application:
    """``backend`` is what it answers from; the log of requests may be shared with the control API."""

    def __init__(self, backend: Backend, requests: RequestLog | None = None) -> None:
        self.backend = backend
        self.requests = requests if requests is not None else RequestLog()
        # What only names requests draws from a stream of its own, so that reading changes no later name.
        self._ids = Random(backend.random.getrandbits(64))
        self._openapi = OpenApi(backend.table)
        self._streams: dict[Watch, None] = {}
        self._tasks = Tasks()
        self._metrics = metrics.Metrics()
        self.ending = False
        """Whether the server shuts down: what still comes is sent away."""
        self._flow = [
            ("X-Kubernetes-Pf-Flowschema-Uid", self._uuid()),
            ("X-Kubernetes-Pf-Prioritylevel-Uid", self._uuid()),
        ]

    @property
    def faults(self) -> Faults:
        return self.backend.faults

    @property
    def authenticator(self) -> Authenticator:
        return self.backend.authenticator

    def close_streams(self) -> None:
        """End every open watch cleanly, as a server does that is shut down."""
        for watch in tuple(self._streams):
            watch.close()

    @property
    def open_streams(self) -> int:
        return len(self._streams)

    async def close(self) -> None:
        self.close_streams()
        await self._tasks.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = self._request(scope)
        entry = self._log(request)
        began = precise()
        warnings = Warnings()
        exchange = Exchange(scope, receive, send, self._tasks)
        try:
            try:
                request.body = await read_body(receive, bodies.LIMIT)
                answer, fault = await self._answer(request, scope, entry, warnings, exchange)
            except ApiError as error:
                answer, fault = self._refusal(request, error), None
            except ClientGone:
                return
            except Exception as error:
                log.exception("a request failed", path=request.target.path, error=str(error))
                answer, fault = self._refusal(request, _internal()), None
            entry.status, entry.seconds = answer.status, round(precise() - began, 6)
            self._metrics.count(request, answer.status, entry.seconds)
            compressed(answer, request.header("accept-encoding"))
            await exchange.respond(request.method, answer, self._headers(answer, request, warnings), fault)
        finally:
            if answer_close := exchange.close:
                answer_close()

    def _request(self, scope: Scope) -> Request:
        headers = [(k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in scope["headers"]]
        raw = scope.get("raw_path") or scope["path"].encode()
        path = raw.partition(b"?")[0].decode("latin-1")
        target = parse_path(self.backend.table, path)
        return Request(scope["method"], target, scope.get("query_string", b"").decode("latin-1"), headers)

    def _log(self, request: Request) -> Entry:
        target = request.target
        shown = "&".join(f"{key}={value}" for key, value in request.query.items() if key != "token")
        entry = Entry(
            0, micro_timestamp(self.backend.clock.now()), "", request.header("user-agent"), request.verb,
            target.path, shown, target.plural, target.namespace, target.name,
        )  # fmt: skip
        self.requests.add(entry)
        return entry

    async def _answer(
        self, request: Request, scope: Scope, entry: Entry, warnings: Warnings, exchange: Exchange
    ) -> tuple[Answer, Fault | None]:
        if self.ending and not request.target.path.startswith(HEALTH):
            return _shutting_down(), None
        user = self.backend.authenticator.authenticate(
            request.header("authorization"), scope.get("extensions", {}).get("simulator.peer")
        )
        user = impersonate(self.backend.authorizer, user, request.headers)
        entry.user = user.name
        target = request.target
        resource = f"{target.plural}/{target.subresource}" if target.subresource else target.plural
        continues = bool(request.query.get("continue"))
        asked = Asked(request.verb, resource, target.namespace, target.name, user.name, continues)
        refused = await self._fault_before(request, asked, entry)
        if refused is not None:
            return refused, None
        self._authorize(request, user)
        call = Call(self.backend, request, user, warnings, asked)
        answer = self._route(call)
        exchange.close = answer.close
        fault: Fault | None = None
        if not self.faults.idle:
            fault = self.faults.take(asked, BODY if answer.stream is None else (SlowFault,))
            entry.fault = type(fault).__struct_config__.tag or "" if fault else entry.fault  # type: ignore[assignment]
        return answer, fault

    async def _fault_before(self, request: Request, asked: Asked, entry: Entry) -> Answer | None:
        if self.faults.idle:
            return None
        latency = self.faults.take(asked, (LatencyFault,))
        if isinstance(latency, LatencyFault):
            entry.fault = "latency"
            await asyncio.sleep(self.faults.jitter(latency))
        fault = self.faults.take(asked, (StatusFault, ExpiredFault))
        if isinstance(fault, StatusFault):
            entry.fault = "status"
            return _refused(fault)
        if isinstance(fault, ExpiredFault):
            entry.fault = "expired"
            error = Expired("The resourceVersion for the provided watch is too old.")
            if request.watches and not fault.http:
                return Answer(200, JSON, encoded({"type": "ERROR", "object": error.status()}))
            raise error
        return None

    def _authorize(self, request: Request, user: User) -> None:
        selected = ""
        if request.target.resource is not None and "fieldSelector" in request.query:
            selected = _selected_name(request)
        wanted = request.attributes(selected)
        if not self.backend.authorizer.allows(user, wanted)[0]:
            raise forbidden_for(user, wanted)

    # routing

    def _route(self, call: Call) -> Answer:
        request, target = call.request, call.request.target
        if not target.api:
            return self._elsewhere(request)
        resource = target.resource
        if resource is None:
            raise no_such_path()
        if resource.warning:
            call.warnings.texts.append(resource.warning)
        if self.backend.read_only and _writes(request, resource):
            raise ApiError(405, "MethodNotAllowed", "this cluster is a recording: it can be read, not changed")
        if target.subresource:
            return subresources.handle(call, resource)
        if request.verb not in resource.verbs or not request.routed:
            raise method_not_allowed()
        if resource.kind in reviews.REVIEWS:
            return reviews.review(call, resource)
        if request.watches:
            return watching.watch(call, resource, self._streams)
        if resource.kind in UNSTORED and request.verb == "create":
            raise method_not_allowed()
        return HANDLERS[request.verb](call, resource)

    def _elsewhere(self, request: Request) -> Answer:
        """Paths that are no resource: discovery, health, version, OpenAPI, metrics."""
        path = request.target.path
        if path.startswith(HEALTH):
            return health.answer(request)
        if request.method not in ("GET", "HEAD"):
            raise method_not_allowed()
        if path.rstrip("/") == "/version":
            return Answer(200, JSON, encoded(dict(VERSION), pretty=True))
        if path == "/metrics":
            return Answer(200, metrics.CONTENT_TYPE, self._metrics.render(self.backend, self.open_streams))
        if path in OPEN_ID:
            return OPEN_ID[path](self.backend.issuer)
        if path.rstrip("/") == "":
            return Answer(200, JSON, encoded({"paths": self._paths()}))
        self._openapi = self._openapi.of(self.backend.table)
        answer = discover(self.backend.table, request) or self._openapi.answer(request)
        if answer is not None:
            return answer
        if path.startswith(("/api/", "/apis/")):
            raise no_such_path()
        return text("404 page not found\n", 404)

    def _paths(self) -> list[str]:
        groups = self.backend.table.groups()
        named = [f"/apis/{name}" for name in groups if name]
        versions = [f"/apis/{name}/{version}" for name, rows in groups.items() if name for version in rows]
        return sorted(["/api", "/api/v1", "/apis", *named, *versions, *HEALTH, "/metrics", "/openapi/v3", "/version"])

    # answering

    def _refusal(self, request: Request, error: ApiError) -> Answer:
        try:
            form = negotiate(request.header("accept"), ("Table", "PartialObjectMetadata", "PartialObjectMetadataList"))
        except ApiError:
            form = PLAIN
        return of_error(error, Form(form.media_type), wants_pretty(request.query, request.header("user-agent")))

    def _headers(self, answer: Answer, request: Request, warnings: Warnings) -> list[tuple[str, str]]:
        headers = [("Audit-Id", self._uuid())]
        if not any(name == "Cache-Control" for name, _ in answer.headers):
            headers.append(("Cache-Control", "no-cache, private"))
        headers.append(("Content-Type", answer.content_type))
        headers += self._flow
        headers += answer.headers
        for said in dict.fromkeys(warnings.texts):
            if not said.isprintable():
                continue  # apimachinery/pkg/util/net.NewWarningHeader takes no control characters
            quoted = said.replace("\\", "\\\\").replace('"', '\\"')
            headers.append(("Warning", f'299 - "{quoted}"'))
        headers.sort(key=_first)  # as Go's HTTP server writes them
        return headers

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))


UNSTORED = ("Binding", "ComponentStatus")
_first = itemgetter(0)


def _writes(request: Request, resource: Resource) -> bool:
    if request.verb in ("get", "list", "watch") or resource.kind in reviews.REVIEWS:
        return False
    return request.target.subresource != "token"


def _selected_name(request: Request) -> str:
    assert request.target.resource is not None
    try:
        selector = parse_selector(request.target.resource, "", request.query.get("fieldSelector", ""))
    except ApiError:
        return ""
    return (selector.name or "") if isinstance(selector, Selector) else ""


def _internal() -> ApiError:
    return ApiError(500, "InternalError", "Internal error occurred: see the simulator's log")


def _shutting_down() -> Answer:
    """apiserver/pkg/server/filters/with_retry_after.go."""
    answer = text("The apiserver is shutting down, please try again later.\n", 429)
    answer.headers += [("Connection", "close"), ("Retry-After", "5")]
    return answer


def _refused(fault: StatusFault) -> Answer:
    if fault.plain:
        answer = text(fault.message or "Too many requests, please try again later.\n", fault.code)
    else:
        known = {429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 410: "Expired"}
        reason = fault.reason or known.get(fault.code, "")
        answer = of_error(ApiError(fault.code, reason, fault.message or reason or "a fault", {}))
    if fault.retry_after is not None:
        answer.headers.append(("Retry-After", str(fault.retry_after)))
    return answer


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
