"""The key that opens the secrets in an application's page rules.

Documents hold such secrets sealed, so drafts, releases and the database have nothing in clear. The key itself goes to
gateways as the private keys of certificates do: a document of its own, named by the manifest.
"""

from __future__ import annotations

import msgspec


class ApplicationKey(msgspec.Struct, frozen=True):
    """`key` is 32 bytes. It is secret: `repr` does not show it."""

    application: str
    key: bytes

    def __repr__(self) -> str:
        return f"<ApplicationKey {self.application}>"


_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(ApplicationKey)


def encode(key: ApplicationKey) -> bytes:
    """The document's canonical bytes; its name is `edge.model.document.hash_of` them."""
    return _encoder.encode(key)


def decode(body: bytes) -> ApplicationKey:
    """Raises msgspec.ValidationError or msgspec.DecodeError when `body` is no key."""
    return _decoder.decode(body)
