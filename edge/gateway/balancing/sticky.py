"""Sticky sessions: a cookie brings clients back to the endpoint that they were given first.

The cookie's value is a keyed hash of the endpoint's address. The key is the upstream's id: 80 random bits that clients
never see, so that nobody can find out pods' addresses by trying; and every worker of every gateway server, and each of
them after a restart, knows the same values, with nothing to share and nothing to store.

Rules. A client returns as long as its endpoint serves, also while the pod is terminating and gets nobody new: that is
what its grace period is for. When the endpoint is gone, was tried in vain, or is passed over, the client is given
another, with a new cookie. The cookie is set only where it changes, for the whole host (Path=/), hidden from scripts
(HttpOnly), not sent with foreign sites' requests (SameSite=Lax), and Secure where the client speaks TLS. What the
gateway asks by itself (mirrors, forward authentication) has no cookie.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from edge.gateway.balancing.keys import cookies
from edge.gateway.balancing.selector import Asker
from edge.gateway.balancing.target import Address
from edge.model.upstream import Sticky


class Stickiness:
    """Of the upstream with the id `secret`, whose `addresses` serve."""

    __slots__ = ("_addresses", "_attributes", "_name", "_secret", "_tokens")

    def __init__(self, sticky: Sticky, secret: str, addresses: Iterable[Address]) -> None:
        self._name = sticky.cookie.encode()
        self._secret = blake2b(secret.encode(), digest_size=32).digest()
        age = b"" if sticky.ttl is None else b"; Max-Age=%d" % sticky.ttl
        self._attributes = b"; Path=/%b; HttpOnly; SameSite=Lax" % age
        self._addresses = tuple(addresses)
        self._tokens: dict[bytes, Address] | None = None

    def __repr__(self) -> str:
        return f"<Stickiness {self._name.decode()} of {len(self._addresses)}>"

    def find(self, asker: Asker) -> Address | None:
        """The endpoint to which the client's cookie belongs, while it serves."""
        head = asker.head
        if head is None:
            return None
        for value in cookies(head.fields, self._name):
            address = self._known().get(value)
            if address is not None:
                return address
        return None

    def cookie(self, asker: Asker, address: Address) -> bytes | None:
        """The value of Set-Cookie for a client that was answered by `address`, None when it has that cookie."""
        token = self._token(address)
        head = asker.head
        if head is None or any(token == value for value in cookies(head.fields, self._name)):
            return None
        secure = b"; Secure" if asker.is_secure() else b""
        return b"%b=%b%b%b" % (self._name, token, self._attributes, secure)

    def _known(self) -> dict[bytes, Address]:
        if self._tokens is None:
            self._tokens = {self._token(address): address for address in self._addresses}
        return self._tokens

    def _token(self, address: Address) -> bytes:
        """96 bits in hexadecimal."""
        name = f"{address[0]} {address[1]}".encode()
        return blake2b(name, digest_size=12, key=self._secret).hexdigest().encode()
