"""Where the keys of tokens come from: a secret, PEM, or a set at a URL (RFC 7517).

A set is fetched by the first token that needs it, over the worker's own connections: at most LARGEST bytes within
PATIENCE, status 200, no redirects. It is good for FRESH seconds; then the next token has it fetched anew, without
waiting. A token that names a key that is not in it has it fetched anew as well, and waits: whoever signs may have a new
key. Nothing is fetched within SPACING seconds of the last attempt, so tokens of strangers cannot make us ask again and
again; only while there is no set at all, and so nobody is let in, it is RETRY. What cannot be fetched or read changes
nothing: the last good set stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import jwt
import msgspec
import structlog

from edge.gateway.http.subrequest import Subrequest
from edge.gateway.tokens.verifying import Header, UnknownKeyError
from edge.model.actions import JwtAuth
from edge.model.upstream import UpstreamTls
from edge.rules import public_keys
from edge.rules.public_keys import fits

if TYPE_CHECKING:
    from edge.gateway.balancing.target import Address
    from edge.gateway.data_path import DataPath
    from edge.gateway.http.head import ResponseHead

log = structlog.get_logger("edge.gateway")

LARGEST = 256 * 1024
"""Bytes of a key set."""
MOST = 100
"""Keys that are taken of a set."""
TRIED = 8
"""Keys that are tried for one token."""
PATIENCE = 10.0
FRESH = 600.0
SPACING = 30.0
RETRY = 5.0


class _Key(NamedTuple):
    """`id` and `algorithm` are empty where the set does not say."""

    id: str
    algorithm: str
    key: Any


class _Place:
    """A URL as it is asked: the endpoint's address, how it is spoken to, and the request."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        self.address: Address = (host, parts.port or (443 if secure else 80))
        self.tls = UpstreamTls(server_name=host) if secure else None
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.request = (
            f"GET {target} HTTP/1.1\r\nhost: {parts.netloc}\r\naccept: application/jwk-set+json, application/json\r\n"
            "accept-encoding: identity\r\n\r\n"
        ).encode()


class KeySet:
    """The set at a URL. `version` rises when the keys change."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._place = _Place(url)
        self._keys: list[_Key] | None = None
        self.version = 0
        self._tried = -SPACING
        self._fetched = -FRESH
        self._fetching: Subrequest | None = None
        self._timer: Any = None
        self._waiting: dict[Callable[[], None], None] = {}

    def __repr__(self) -> str:
        return f"<KeySet {self._url} keys={None if self._keys is None else len(self._keys)}>"

    @property
    def known(self) -> bool:
        """Whether there is a set at all."""
        return self._keys is not None

    def is_old(self, now: float) -> bool:
        """Whether it should be fetched anew."""
        return now >= self._fetched + FRESH

    def find(self, header: Header) -> Sequence[Any]:
        """The keys that may have signed a token with this header. Raises UnknownKeyError."""
        found = [
            key.key
            for key in self._keys or ()
            if (header.kid is None or key.id == header.kid)
            and key.algorithm in ("", header.alg)
            and fits(key.key, header.alg)
        ]
        if not found:
            raise UnknownKeyError("the token's key is not known")
        return found[:TRIED]

    def fetch(self, path: DataPath) -> bool:
        """Have it fetched, unless that was tried just now; whether it is on its way."""
        now = path.now()
        if self._fetching is None and now >= self._tried + (SPACING if self.known else RETRY):
            self._tried = now
            self._timer = path.loop.call_later(PATIENCE, self._give_up, path)
            self._fetching = Subrequest(
                path, b"GET", self._place.request, lambda head, body: self._answered(path, head, body), LARGEST
            )
            self._fetching.ask(self._place.address, self._place.tls)
        return self._fetching is not None

    def wait(self, call: Callable[[], None]) -> Callable[[], None]:
        """Have `call` called once the fetch is over; what was returned takes that back."""
        self._waiting[call] = None
        return lambda: self._forget(call)

    def _forget(self, call: Callable[[], None]) -> None:
        self._waiting.pop(call, None)

    def _give_up(self, path: DataPath) -> None:
        fetching = self._fetching
        if fetching is not None:
            fetching.abandon()
            self._answered(path, None, b"")

    def _answered(self, path: DataPath, head: ResponseHead | None, body: bytes) -> None:
        self._fetching = None
        self._timer.cancel()
        reason = "there was no whole answer in time" if head is None else ""
        if head is not None:
            reason = f"the answer has the status {head.status}" if head.status != 200 else self._take(path, body)
        if reason:
            log.warning("the keys of tokens could not be fetched", url=self._url, reason=reason, kept=self.known)
        waiting, self._waiting = self._waiting, {}
        for call in waiting:
            call()

    def _take(self, path: DataPath, body: bytes) -> str:
        """Use a fetched set; why not, or nothing."""
        keys = read(body)
        if not keys:
            return "it is no set with a key that can be used"
        self._fetched = path.now()
        if self._keys is None or [_written(key) for key in keys] != [_written(key) for key in self._keys]:
            self._keys = keys
            self.version += 1
        return ""


def read(body: bytes) -> list[_Key]:
    """The keys of a set that verify signatures; those that are for something else, or not understood, are left out."""
    try:
        entries = msgspec.json.decode(body, type=dict[str, Any]).get("keys")
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return []
    keys: list[_Key] = []
    for entry in entries[:MOST] if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or entry.get("kty") not in ("RSA", "EC") or entry.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK(entry).key
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
            continue
        id, algorithm = entry.get("kid"), entry.get("alg")
        keys.append(_Key(id if isinstance(id, str) else "", algorithm if isinstance(algorithm, str) else "", key))
    return keys


def _written(key: _Key) -> tuple[str, str, Any]:
    numbers = getattr(key.key, "public_numbers", None)
    return key.id, key.algorithm, None if numbers is None else numbers()


def fixed(action: JwtAuth, secret: str) -> Callable[[Header], Sequence[Any]]:
    """The keys of an action that holds them itself."""
    if secret:
        keys: list[Any] = [secret.encode()]
        return lambda header: keys
    keys = list(public_keys.parse(action.public_keys))
    by_algorithm: dict[str, list[Any]] = {
        name: [key for key in keys if fits(key, name)][:TRIED] for name in action.algorithms
    }
    return lambda header: by_algorithm[header.alg]
