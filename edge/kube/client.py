"""Asking one API server: paged lists, watches and access reviews, each within its own deadlines.

Rules. Redirects are never followed and no proxy is taken from the environment: the token goes to the registered host
only. Deadlines are enforced here, not by the transport, so that they hold in virtual time and for any transport: the
connection (with TLS) within `connect_timeout`; then the answer's head, and each further piece of a body, within
`read_timeout`; a whole body within WHOLE seconds. A watch has no deadline between its lines: the reflector ends it.
Bodies are asked for uncompressed: compressing costs both sides more than a cluster's network, and a watch never is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import msgspec

from edge import __version__, clock
from edge.kube import tls
from edge.kube.address import ClusterAddress
from edge.kube.fault import Fault, Reason
from edge.kube.lines import LineBuffer, LineTooLong
from edge.kube.resources import Resource
from edge.kube.types import UNREADABLE, AccessReview, ObjectList, Status

PAGE = 500  # objects asked for at once, as kubectl does
WHOLE = 60.0  # seconds for a whole body
LARGEST_PAGE = 128 * 2**20  # bytes; 500 slices of 1,000 endpoints each come near it
LARGEST_LINE = 8 * 2**20  # bytes; etcd takes objects up to 1.5 MiB
LARGEST_ERROR = 64 * 2**10  # bytes of an error's body that are read
SHOWN = 300  # characters of a foreign message that are shown

_REASONS: Mapping[int, Reason] = {
    401: "unauthorized",
    403: "forbidden",
    404: "missing",
    410: "expired",
    429: "throttled",
}

_decode_list = msgspec.json.Decoder(ObjectList).decode
_decode_status = msgspec.json.Decoder(Status).decode
_decode_review = msgspec.json.Decoder(AccessReview).decode


class _Deadline:
    """One timer for an exchange, moved on as the exchange makes progress, never beyond its whole time."""

    def __init__(self, first: float, whole: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + whole
        self.timer = asyncio.timeout_at(min(self._end, self._loop.time() + first))

    def allow(self, seconds: float) -> None:
        """The next step may take this long."""
        if not self.timer.expired():
            self.timer.reschedule(min(self._end, self._loop.time() + seconds))


class Stream:
    """An open watch. Close it after use."""

    def __init__(self, response: httpx.Response, address: ClusterAddress) -> None:
        self._response = response
        self._address = address
        self._buffer = LineBuffer(LARGEST_LINE)

    async def batches(self) -> AsyncGenerator[list[bytes], None]:
        """The watch's lines as they complete, in batches of one or more, until the server ends it.

        Raises Fault("unreachable") when the connection breaks or ends within a line, Fault("malformed") when a line
        grows too long.
        """
        try:
            async for chunk in self._response.aiter_bytes():
                if lines := self._buffer.feed(chunk):
                    yield lines
        except LineTooLong as error:
            raise Fault("malformed", f"{self._address.url} sent {error} in a watch") from error
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise tls.explain(error, self._address) from error
        if self._buffer.incomplete:
            raise Fault("unreachable", f"{self._address.url} ended a watch in the middle of a line")

    async def close(self) -> None:
        """Give the connection up; never waits for the other side longer than a second."""
        try:
            async with asyncio.timeout(1.0):
                await self._response.aclose()
        except (TimeoutError, httpx.HTTPError, OSError):
            pass  # it is being given up anyway


class Client:
    """One API server. Every method raises Fault, and nothing else, when the exchange fails."""

    def __init__(self, address: ClusterAddress, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.address = address
        self._transport = transport
        self._http: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<Client {self.address.url}>"

    async def page(
        self, resource: Resource[Any], namespace: str = "", *, token: str = "", limit: int | None = PAGE
    ) -> ObjectList:
        """One page of a list; `token` is the previous page's continue token; without limit everything at once."""
        params = {"limit": str(limit)} if limit is not None else {}
        if token:
            params["continue"] = token
        path = resource.path(namespace)
        body = await self._body("GET", path, params)
        listed: ObjectList = self._decode(_decode_list, body, path)
        if not listed.kind.endswith("List"):
            raise Fault(
                "malformed", f"{self.address.url}{path} answered something that is not a list of {resource.name}"
            )
        return listed

    async def watch(self, resource: Resource[Any], namespace: str = "", *, version: str = "", timeout: int) -> Stream:
        """Open a watch from `version` that the server ends itself after `timeout` seconds, with bookmarks."""
        params = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(timeout)}
        if version:
            params["resourceVersion"] = version
        deadline = await self._ready()
        try:
            async with deadline.timer:
                return Stream(await self._send("GET", resource.path(namespace), params, None, deadline), self.address)
        except TimeoutError as error:
            raise self._late() from error
        except Fault as fault:
            if version and fault.code == 400:  # not a version to this server: it is not the one that gave it
                raise Fault("expired", fault.message, code=400) from fault
            raise

    async def may(self, verb: str, resource: Resource[Any], namespace: str = "") -> bool:
        """Ask the API server whether this token may do this (SelfSubjectAccessReview, authorization.k8s.io/v1)."""
        attributes = {"verb": verb, "group": resource.group, "resource": resource.name, "namespace": namespace}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        body = await self._body("POST", path, {}, msgspec.json.encode(review))
        answer: AccessReview = self._decode(_decode_review, body, path)
        return answer.status.allowed

    async def close(self) -> None:
        """Close every connection."""
        if self._http is not None:
            http, self._http = self._http, None
            await http.aclose()

    # exchanges

    async def _body(self, method: str, path: str, params: dict[str, str], content: bytes | None = None) -> bytes:
        deadline = await self._ready()
        try:
            async with deadline.timer:
                response = await self._send(method, path, params, content, deadline)
                try:
                    return await self._read(response, LARGEST_PAGE, deadline)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise self._late() from error

    async def _ready(self) -> _Deadline:
        """The deadline of an exchange; what must be set up first (the system's authorities, once) is no part of it."""
        await self._client()
        return _Deadline(self.address.connect_timeout, WHOLE)

    def _late(self) -> Fault:
        connect, read = self.address.connect_timeout, self.address.read_timeout
        return Fault(
            "unreachable",
            f"{self.address.url} did not answer in time (connecting may take {connect:g} s, an answer {read:g} s)",
        )

    async def _send(
        self, method: str, path: str, params: dict[str, str], content: bytes | None, deadline: _Deadline
    ) -> httpx.Response:
        """The answer's head, when it is success; its body is unread and the caller's to close."""
        http = await self._client()
        headers = {"content-type": "application/json"} if content is not None else {}
        request = http.build_request(method, self.address.url + path, params=params, content=content, headers=headers)

        connecting: list[Any] = []

        async def trace(event: str, info: Mapping[str, Any]) -> None:
            if event == "connection.connect_tcp.complete":
                connecting.append(info["return_value"])
            elif event.endswith("send_request_headers.started"):  # connected
                connecting.clear()
                deadline.allow(self.address.read_timeout)

        request.extensions["trace"] = trace
        try:
            response = await http.send(request, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise tls.explain(error, self.address) from error
        finally:
            for connection in connecting:  # httpcore loses a connection that is cancelled while TLS is being agreed
                await connection.aclose()
        if response.is_success:
            deadline.allow(self.address.read_timeout)
            return response
        try:
            raise await self._refusal(method, path, response, deadline)
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response, limit: int, deadline: _Deadline) -> bytes:
        parts: list[bytes] = []
        size = 0
        deadline.allow(self.address.read_timeout)
        try:
            async for part in response.aiter_bytes():
                deadline.allow(self.address.read_timeout)
                parts.append(part)
                size += len(part)
                if size > limit:
                    raise Fault("malformed", f"{self.address.url} answered with more than {limit} bytes")
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise tls.explain(error, self.address) from error
        return b"".join(parts)

    async def _client(self) -> httpx.AsyncClient:
        async with self._opening:
            if self._http is None:
                self._http = await self._open()
            return self._http

    async def _open(self) -> httpx.AsyncClient:
        if (problem := self.address.problem()) is not None:
            raise Fault("unauthorized" if problem.startswith("the token") else "unreachable", problem)
        transport = self._transport
        if transport is None:
            context = await clock.run_blocking(lambda: tls.context(self.address))
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=4, keepalive_expiry=20.0)
            transport = httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits)
        headers = {"accept": "application/json", "accept-encoding": "identity", "user-agent": f"edge/{__version__}"}
        if self.address.token:
            headers["authorization"] = f"Bearer {self.address.token}"
        return httpx.AsyncClient(
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113  our own deadlines hold, in virtual time too
            headers=headers,
        )

    # answers

    def _decode(self, decode: Any, body: bytes, path: str) -> Any:
        try:
            return decode(body)
        except UNREADABLE as error:
            raise Fault(
                "malformed", f"{self.address.url}{path} answered something that Edge cannot read: {str(error)[:SHOWN]}"
            ) from error

    async def _refusal(self, method: str, path: str, response: httpx.Response, deadline: _Deadline) -> Fault:
        code = response.status_code
        asked = f"{method} {self.address.url}{path}"
        if 300 <= code < 400:
            return Fault(
                "failing",
                f"{asked} was answered with a redirect ({code}), never followed; register the API server itself",
            )
        try:
            status = _decode_status(await self._read(response, LARGEST_ERROR, deadline))
        except (Fault, *UNREADABLE):
            status = Status()
        said = self.clean(status.message) if status.kind == "Status" and status.message else ""
        retry_after = _retry_after(response, status)
        reason: Reason = _REASONS.get(code, "failing")
        if code == 503 and retry_after is not None:
            reason = "throttled"
        if code == 504 and "Too large resource version" in said:
            reason = "expired"  # apiserver/pkg/storage/errors.go: from before the server's data was restored
        return Fault(reason, f"{asked} was answered with {code}{': ' + said if said else ''}", retry_after, code)

    def clean(self, message: str) -> str:
        """A foreign message made fit to be shown: one line, at most 300 characters, without our token."""
        if self.address.token:
            message = message.replace(self.address.token, "…")
        line = "".join(character if character.isprintable() else " " for character in message[: SHOWN * 4])
        return line[:SHOWN]


def _retry_after(response: httpx.Response, status: Status) -> float | None:
    """Seconds to wait as the server asks (RFC 9110 section 10.2.3, or a Status' details), within an hour."""
    said = response.headers.get("retry-after", "").strip()
    seconds: float | None = None
    if said.isascii() and said.isdigit():
        seconds = float(said[:9])
    elif said:
        try:
            seconds = parsedate_to_datetime(said).timestamp() - clock.unix()
        except (ValueError, TypeError, OverflowError):
            seconds = None
    if seconds is None and status.details is not None:
        seconds = status.details.retry_after_seconds
    return None if seconds is None else min(max(seconds, 0.0), 3600.0)
