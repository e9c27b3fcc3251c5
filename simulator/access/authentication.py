"""From a request's credentials to its user.

A token is good while its signature, its time and everything it is bound to are good. Success is remembered for 10 s, as
a real API server does (TokenSuccessCacheTTL), so a revoked token works a little longer; failures are not remembered.
Watches are authenticated once, when they begin.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple, Protocol

from simulator.access.tokens import AUDIENCE, ISSUER, LEGACY, LEGACY_ISSUER, Claims, TokenIssuer
from simulator.access.users import ANONYMOUS, AUTHENTICATED, User, service_account
from simulator.errors import unauthorized
from simulator.kinds.table import RESOURCES
from simulator.store.store import Clock, Store

SUCCESS_SECONDS = 10.0
REMEMBERED = 4096
ADMIN = User("admin", "admin-uid", ("system:masters", AUTHENTICATED))

ACCOUNTS = RESOURCES.of("v1", "ServiceAccount")
SECRETS = RESOURCES.of("v1", "Secret")
BOUND = {kind.lower(): RESOURCES.of("v1", kind) for kind in ("Pod", "Node", "Secret")}


class Peer(Protocol):
    """What TLS knows of the client: the subject of its verified certificate, as (attribute, value) pairs."""

    def certificate_subject(self) -> list[tuple[str, str]]: ...


class Remembered(NamedTuple):
    user: User
    until: float


class Authenticator:
    """Tokens of ServiceAccounts, static tokens (hashes of them) and client certificates."""

    def __init__(self, store: Store, issuer: TokenIssuer, clock: Clock) -> None:
        self._store = store
        self._issuer = issuer
        self._clock = clock
        self._static: dict[bytes, User] = {}
        self._remembered: dict[bytes, Remembered] = {}
        self._revoked: dict[tuple[str, str], tuple[float, str]] = {}

    def add_static(self, token: str, user: User) -> None:
        """A token that always stands for ``user`` (the kubeconfig's)."""
        self._static[_digest(token)] = user

    def authenticate(self, authorization: str, peer: Peer | None = None) -> User:
        """The user of a request. Raises ``ApiError`` (401) for credentials that are no good."""
        if not authorization:
            subject = peer.certificate_subject() if peer is not None else []
            return _of_certificate(subject) or ANONYMOUS
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return ANONYMOUS
        digest = _digest(token)
        for known, user in self._static.items():
            if hmac.compare_digest(known, digest):
                return user
        now = self._now()
        remembered = self._remembered.get(digest)
        if remembered is not None and remembered.until > now:
            return remembered.user
        user_of_token = self.check(token)
        if user_of_token is None:
            raise unauthorized()
        if len(self._remembered) >= REMEMBERED:
            self._remembered.clear()
        self._remembered[digest] = Remembered(user_of_token, now + SUCCESS_SECONDS)
        return user_of_token

    def check(self, token: str, audiences: tuple[str, ...] = (AUDIENCE,)) -> User | None:
        """The user of a ServiceAccount's token now, nothing remembered; None when it is no good."""
        claims = self._issuer.read(token)
        if claims is None:
            return None
        if claims.get("iss") == LEGACY_ISSUER:
            return self._legacy(claims, token)
        if claims.get("iss") == ISSUER:
            return self._bound(claims, audiences)
        return None

    def review(self, token: str, audiences: tuple[str, ...]) -> tuple[User, list[str]] | None:
        """A TokenReview's answer: whose the token is now, and for which of the audiences; None when it is no good."""
        static = self._static.get(_digest(token))
        if static is not None:
            return (static, list(audiences)) if AUDIENCE in audiences else None
        user = self.check(token, audiences)
        if user is None:
            return None
        meant = (self._issuer.read(token) or {}).get("aud") or [AUDIENCE]
        return user, [audience for audience in audiences if audience in meant]

    def revoke(self, namespace: str, account: str, *, at_once: bool = False) -> None:
        """No token of this account that was issued until now is good any more; ``at_once`` also forgets successes."""
        found = self._store.record(ACCOUNTS, namespace, account)
        self._revoked[(namespace, account)] = (self._now(), found.uid if found is not None else "")
        if at_once:
            self._remembered.clear()

    def restarted(self) -> None:
        """As after a restart of the API server: no success is remembered. What is revoked stays so."""
        self._remembered.clear()

    def forget(self) -> None:
        """As in a new cluster: nothing remembered, nothing revoked."""
        self._remembered.clear()
        self._revoked.clear()

    def _legacy(self, claims: Claims, token: str) -> User | None:
        namespace, name = claims.get(f"{LEGACY}namespace", ""), claims.get(f"{LEGACY}service-account.name", "")
        uid = claims.get(f"{LEGACY}service-account.uid", "")
        secret = self._store.get(SECRETS, namespace, claims.get(f"{LEGACY}secret.name", ""))
        if secret is None or secret["metadata"].get("deletionTimestamp"):
            return None
        if not self._account_is(namespace, name, uid) or self._is_revoked(namespace, name, uid, 0.0):
            return None
        return service_account(namespace, name, uid)

    def _bound(self, claims: Claims, audiences: tuple[str, ...]) -> User | None:
        now = self._now()
        if not claims.get("nbf", 0) - 1 <= now < claims.get("exp", 0):
            return None
        if not any(audience in audiences for audience in claims.get("aud") or ()):
            return None
        private = claims.get("kubernetes.io") or {}
        account = private.get("serviceaccount") or {}
        namespace, name, uid = private.get("namespace", ""), account.get("name", ""), account.get("uid", "")
        if not self._account_is(namespace, name, uid) or self._is_revoked(namespace, name, uid, claims.get("iat", 0)):
            return None
        for kind, resource in BOUND.items():
            reference = private.get(kind)
            if reference is None:
                continue
            found = self._store.record(resource, namespace, reference.get("name", ""))
            if found is None or found.uid != reference.get("uid"):
                return None
        return service_account(namespace, name, uid, claims.get("jti", ""))

    def _account_is(self, namespace: str, name: str, uid: str) -> bool:
        record = self._store.record(ACCOUNTS, namespace, name)
        return record is not None and record.uid == uid

    def _is_revoked(self, namespace: str, name: str, uid: str, issued: float) -> bool:
        revoked = self._revoked.get((namespace, name))
        # A deleted and recreated account (another UID) starts with a clean slate.
        return revoked is not None and revoked[1] == uid and issued <= revoked[0]

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _of_certificate(subject: list[tuple[str, str]]) -> User | None:
    """CN is the user's name, each O a group (authentication/request/x509)."""
    name = next((value for key, value in subject if key == "commonName"), "")
    if not name:
        return None
    groups = tuple(value for key, value in subject if key == "organizationName")
    return User(name, "", (*groups, AUTHENTICATED))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
