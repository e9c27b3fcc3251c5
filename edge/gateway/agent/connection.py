"""The connection to the Admin: where it may lead, how it is opened, and how it is kept.

`GET /gateway/v1/connect` as a WebSocket (RFC 6455), deflate off, a ping every 5 s that must be answered within 5 s, no
proxy, no redirect (the credential goes to the Admin that was named and nowhere else). The handshake's headers say who
comes; an Admin that refuses answers an ordinary HTTP error with `{"error": {"code", "message"}}`.

*Refused* is an answer that trying again does not change: 401, 403, 409, 422. Everything else, from a refused TCP
connection to a 503, is *unreachable* and tried again: at once, then with jittered back-off of at most 5 s.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import msgspec
import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException

from edge import __version__
from edge.gateway.agent.backoff import Backoff
from edge.gateway.errors import GatewayError
from edge.wire.channel import FRAME_LIMIT, Channel
from edge.wire.websocket import WebSocketChannel

log = structlog.get_logger("edge.gateway")

PATH = "/gateway/v1/connect"
PING_EVERY = 5.0
PING_ANSWERED_WITHIN = 5.0
OPEN_WITHIN = 10.0
STEADY = 5.0
"""A connection that held this long was a good one: the next attempt after it is quick."""
QUICK_ATTEMPTS = 40
"""Some ten seconds of them, in which an Admin that was restarted is back. Pods that are replaced meanwhile are missed
until then, and the old ones end."""
_REFUSALS = (401, 403, 409, 422)
_MESSAGE_SHOWN = 300
_UNKNOWN_ISSUER = (18, 19, 20, 21)
"""OpenSSL's X509_V_ERR_… for a chain that ends in no known CA (x509_vfy.h); another CA cures nothing else."""


class Refused(Exception):
    """The Admin knows this gateway and does not let it in; the message is its reason."""


class Unreachable(Exception):
    """There was no Admin to answer; the message says what happened."""


class AdminAddress(msgspec.Struct, frozen=True):
    """Where the Admin is: `url` is the WebSocket's, `tls` None for plain http."""

    url: str
    tls: ssl.SSLContext | None = None


def admin_address(url: str, ca: Path | None = None, insecure: bool = False) -> AdminAddress:
    """Check what the operator gave. Raises GatewayError: not an http(s) URL, plain http off loopback without
    `insecure`, an unreadable CA file."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise GatewayError(f"--admin {url!r} is not a URL: {error}") from None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise GatewayError(f"--admin is http://HOST:PORT or https://HOST:PORT, not {_without_secret(url)!r}")
    if parts.query or parts.fragment or parts.path not in ("", "/"):
        raise GatewayError(f"--admin names an Admin, not a page of it: leave away what follows the port in {url!r}")
    if parts.scheme == "http" and not (insecure or _loopback(host)):
        raise GatewayError(
            f"--admin {url} is plain http to another machine, and the credential could be read on the way: "
            "use https://, or --insecure-admin where the network is trusted"
        )
    if parts.scheme == "http" and ca is not None:
        raise GatewayError(f"--admin-ca is for an https:// Admin, but --admin is {url}")
    authority = f"[{host}]" if ":" in host else host
    authority += f":{port}" if port is not None else ""
    if parts.scheme == "http":
        return AdminAddress(f"ws://{authority}{PATH}")
    return AdminAddress(f"wss://{authority}{PATH}", _context(ca))


def _without_secret(url: str) -> str:
    return url if "@" not in url else f"…@{url.rpartition('@')[2]}"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _context(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ssl.SSLError) as error:
        raise GatewayError(f"--admin-ca {ca} holds no CA certificate that can be read: {error}") from None


class Introduction(msgspec.Struct, frozen=True):
    """Who the gateway says it is. `address` is what users reach it by."""

    credential: str
    name: str
    address: str
    join_token: str | None = None

    def __repr__(self) -> str:
        return f"<Introduction {self.name} at {self.address}>"

    def headers(self) -> list[tuple[str, str]]:
        """Of the handshake."""
        headers = [
            ("Authorization", f"Bearer {self.credential}"),
            ("Edge-Gateway-Name", self.name),
            ("Edge-Gateway-Version", __version__),
            ("Edge-Gateway-Address", self.address),
        ]
        if self.join_token:
            headers.append(("Edge-Join-Token", self.join_token))
        return headers


class _Connect(connect):
    """Without redirects."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Dialer(Protocol):
    """Opens the connection."""

    async def __call__(self) -> Channel:
        """Raises Refused or Unreachable."""


class Dial:
    """Opens the WebSocket. The join token is shown until the Admin has let this process in once; it ignores the
    token of a server that it knows by its credential."""

    def __init__(self, address: AdminAddress, introduction: Introduction) -> None:
        self._address = address
        self._introduction = introduction

    def __repr__(self) -> str:
        return f"<Dial {self._address.url} {self._introduction!r}>"

    async def __call__(self) -> Channel:
        opening = _Connect(
            self._address.url,
            additional_headers=self._introduction.headers(),
            user_agent_header=f"edge-gateway/{__version__}",
            compression=None,
            proxy=None,
            ssl=self._address.tls,
            open_timeout=OPEN_WITHIN,
            ping_interval=PING_EVERY,
            ping_timeout=PING_ANSWERED_WITHIN,
            close_timeout=1.0,
            max_size=FRAME_LIMIT,
        )
        try:
            connection = await opening
        except InvalidStatus as error:
            status, body = error.response.status_code, bytes(error.response.body or b"")
            message = _message(body) or f"it answered with the status {status}"
            raise (Refused(message) if status in _REFUSALS else Unreachable(message)) from None
        except ssl.SSLCertVerificationError as error:
            advice = ": give its CA with --admin-ca" if error.verify_code in _UNKNOWN_ISSUER else ""
            raise Unreachable(f"its certificate cannot be verified ({error.verify_message}){advice}") from None
        except (OSError, TimeoutError, InvalidHandshake, WebSocketException, EOFError) as error:
            raise Unreachable(_sentence(error)) from None
        self._introduction = msgspec.structs.replace(self._introduction, join_token=None)
        return WebSocketChannel(connection)


class _Error(msgspec.Struct, frozen=True):
    message: str


class _ErrorBody(msgspec.Struct, frozen=True):
    error: _Error


def _message(body: bytes) -> str:
    """The Admin's words in an error body, printable and short."""
    try:
        message = msgspec.json.decode(body, type=_ErrorBody).error.message
    except msgspec.MsgspecError:
        return ""
    return "".join(c for c in message if c.isprintable())[:_MESSAGE_SHOWN]


def _sentence(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"it did not answer within {OPEN_WITHIN:.0f} s"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


class Link:
    """Keeps `subscribe` supplied with an open channel.

    `tried` is set when the first attempt has ended, however it did. A refusal goes to `refused`, which says whether to
    give up; a gateway that serves goes on serving and asks again: its Admin may have been restored without it.
    """

    def __init__(
        self,
        dial: Dialer,
        subscribe: Callable[[Channel], Awaitable[str]],
        *,
        refused: Callable[[str], bool],
        randomness: random.Random,
    ) -> None:
        self._dial = dial
        self._subscribe = subscribe
        self._refused = refused
        self._backoff = Backoff(randomness)
        self._away = Backoff(randomness, quick=QUICK_ATTEMPTS)
        self._said = ""
        self._channel: Channel | None = None
        self.tried = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Link {'connected' if self.connected else 'not connected'}>"

    @property
    def connected(self) -> bool:
        """Whether there is a channel to the Admin now."""
        return self._channel is not None

    async def run(self) -> None:
        """Until the gateway is refused for good."""
        while True:
            waits = await self._attempt()
            if waits is None:
                return
            await asyncio.sleep(waits.next())

    async def close(self) -> None:
        """Say good-bye, if there is somebody."""
        if self._channel is not None:
            await self._channel.close("the gateway ends")

    async def _attempt(self) -> Backoff | None:
        """What says when to ask again, None: never. Somebody who is there and refuses or drops gateways is spared."""
        try:
            channel = await self._dial()
        except Refused as refused:
            self._say("the Admin refuses this gateway", str(refused))
            again = not self._refused(str(refused))
            self.tried.set()
            return self._backoff if again else None
        except Unreachable as unreachable:
            self._say("the Admin cannot be reached", str(unreachable))
            self.tried.set()
            return self._away
        await self._follow(channel)
        return self._backoff

    async def _follow(self, channel: Channel) -> None:
        loop = asyncio.get_running_loop()
        since = loop.time()
        self._channel, self._said = channel, ""
        log.info("connected to the Admin")
        self.tried.set()
        try:
            reason = await self._subscribe(channel)
        finally:
            self._channel = None
        log.warning("the connection to the Admin ended", reason=reason)
        if loop.time() - since >= STEADY:
            self._backoff.reset()
            self._away.reset()

    def _say(self, event: str, reason: str) -> None:
        """Once for each reason, not for each attempt."""
        if reason != self._said:
            self._said = reason
            log.warning(event, reason=reason)
