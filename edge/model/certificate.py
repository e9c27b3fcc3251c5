"""Certificates as gateways are sent them, and what an application asks of its clients' certificates.

A certificate is a document of its own, named by its hash as releases are: applications name it by its id, the manifest
says which document the id stands for now. So a renewed one replaces the old wherever it is used without a release, and
going back to an earlier release never brings an expired certificate back.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec


class CertificateDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    """`chain` is PEM, the server's certificate first, then its issuers; `key` its private key as PEM without a
    passphrase. It is secret: `repr` shows neither. `names` are the DNS names that the first certificate is for, lower
    case, exact or `*.suffix` (RFC 6125: one label)."""

    id: str
    name: str
    chain: str
    key: str
    names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<CertificateDocument {self.name} {', '.join(self.names)}>"


ClientMode: TypeAlias = Literal["required", "optional"]


class ClientCertificates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Clients must (`required`) or may (`optional`) show a certificate that one of these CAs (PEM) has issued; one of
    another issuer, or an expired one, ends the handshake in both modes."""

    ca_certificate: str
    mode: ClientMode = "required"


_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(CertificateDocument)


def encode(certificate: CertificateDocument) -> bytes:
    """The document's canonical bytes; its name is `edge.model.document.hash_of` them."""
    return _encoder.encode(certificate)


def decode(body: bytes) -> CertificateDocument:
    """Raises msgspec.ValidationError or msgspec.DecodeError when `body` is not a certificate."""
    return _decoder.decode(body)


def covers(name: str, host: str) -> bool:
    """Whether a certificate's name is for a host or for a domain `*.suffix`, lower case; `*` stands for one label
    (RFC 6125, 6.4.3)."""
    if name == host:
        return True
    label, dot, rest = host.partition(".")
    return name.startswith("*.") and bool(label and dot) and rest == name[2:]
