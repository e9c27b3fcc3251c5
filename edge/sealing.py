"""Sealing: AES-256-GCM, bound to a place.

A sealed value is one version byte, a 12-byte nonce, and the ciphertext with its tag. The associated data is the place
it is sealed for ("table/row/column"): a value that is copied elsewhere does not open there. The Admin seals what its
database keeps with a key of its own (`edge.store.sealing`); secrets in page rules are sealed with a key of their
application, as text that begins with SEALED, and opened by gateways.

The cipher is loaded when something is sealed or opened first: most gateways never need it.
"""

from __future__ import annotations

import base64
import os

_VERSION = b"\x01"
_NONCE = 12
SEALED = "sealed:"


class SealError(ValueError):
    """Key or place do not fit."""


class Cipher:
    """Seals and opens secrets with one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def seal(self, secret: str, place: str) -> bytes:
        """`secret` encrypted for `place` ("kubernetes_clusters/ID/token")."""
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, secret.encode(), place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        """The secret sealed for `place`. Raises SealError."""
        from cryptography.exceptions import InvalidTag

        try:
            if sealed[:1] != _VERSION:
                raise InvalidTag
            nonce, ciphertext = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
            return self._cipher.decrypt(nonce, ciphertext, place.encode()).decode()
        except (InvalidTag, ValueError):
            raise SealError(f"the secret of {place} cannot be opened") from None


class ApplicationCipher:
    """What seals the secrets in the page rules of one application."""

    def __init__(self, application: str, key: bytes) -> None:
        self._cipher = Cipher(key)
        self._place = f"applications/{application}/rules"

    def __repr__(self) -> str:
        return f"<ApplicationCipher {self._place}>"

    def seal(self, secret: str) -> str:
        """As text for a document."""
        return SEALED + base64.b64encode(self._cipher.seal(secret, self._place)).decode()

    def open(self, text: str) -> str:
        """The secret. Raises SealError, a ValueError."""
        try:
            sealed = base64.b64decode(text.removeprefix(SEALED), validate=True)
        except ValueError:
            raise SealError("a sealed secret is base64") from None
        return self._cipher.open(sealed, self._place)
