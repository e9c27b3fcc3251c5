"""Certificates and keys as people paste them: read, checked against each other, written anew. Pure."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import NameOID

from edge.admin.errors import Invalid

SOON = timedelta(days=21)
"""How long before its end a certificate is warned of."""
_SMALLEST_RSA = 2048
_PEM = serialization.Encoding.PEM


class Chain(msgspec.Struct, frozen=True):
    """The server's certificate first, then its issuers."""

    certificates: tuple[x509.Certificate, ...]

    @property
    def pem(self) -> str:
        return "".join(certificate.public_bytes(_PEM).decode() for certificate in self.certificates)

    @property
    def first(self) -> x509.Certificate:
        return self.certificates[0]

    @property
    def names(self) -> tuple[str, ...]:
        """What it is for: DNS names in lower case and IP addresses, each once; the common name is not looked at
        (RFC 9525, 2)."""
        try:
            found = self.first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (x509.ExtensionNotFound, ValueError):
            return ()
        dns = [name.lower() for name in found.get_values_for_type(x509.DNSName)]
        return tuple(dict.fromkeys((*dns, *(str(ip) for ip in found.get_values_for_type(x509.IPAddress)))))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the first certificate, hexadecimal."""
        return self.first.fingerprint(hashes.SHA256()).hex()

    def warnings(self, now: datetime) -> list[str]:
        """What a client will not like about it, now or soon."""
        first, found = self.first, []
        if now >= first.not_valid_after_utc:
            found.append(f"it expired on {_day(first.not_valid_after_utc)}: clients refuse it")
        elif now >= first.not_valid_after_utc - SOON:
            days = (first.not_valid_after_utc - now).days
            found.append(f"it expires on {_day(first.not_valid_after_utc)}, in {days} day{'' if days == 1 else 's'}")
        if now < first.not_valid_before_utc:
            found.append(f"it is valid from {_day(first.not_valid_before_utc)} only")
        if not self.names:
            found.append("it names no host (no subject alternative name): clients refuse it")
        for number, (one, issuer) in enumerate(zip(self.certificates, self.certificates[1:], strict=False), start=1):
            if not _issued(one, issuer):
                found.append(f"certificate {number + 1} of the chain did not issue certificate {number}")
        return found


def read_chain(text: str, field: str) -> Chain:
    """The certificates in `text`. Raises Invalid."""
    try:
        return Chain(tuple(x509.load_pem_x509_certificates(text.encode())))
    except ValueError:
        raise Invalid(
            "expected one or more certificates in PEM form, beginning with -----BEGIN CERTIFICATE-----", field
        ) from None


def read_key(text: str, chain: Chain, field: str) -> str:
    """The key in `text` as PKCS #8 PEM. Raises Invalid when it is none, has a passphrase, is too weak, or is another
    certificate's; what came is never repeated."""
    try:
        key = serialization.load_pem_private_key(text.encode(), None)
    except TypeError:
        raise Invalid("the key has a passphrase: give it without one (openssl pkey -in FILE)", field) from None
    except Exception:  # cryptography names several; none may show what came
        raise Invalid("expected a private key in PEM form, beginning with -----BEGIN PRIVATE KEY-----", field) from None
    _check_kind(key, field)
    if not fits(key, chain):
        raise Invalid("the key is not the one of the (first) certificate", field)
    encryption = serialization.NoEncryption()
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, encryption).decode()


def fits(key: PrivateKeyTypes, chain: Chain) -> bool:
    """Whether the key is the first certificate's."""
    return _public(key.public_key()) == _public(chain.first.public_key())


def key_fits(pem: str, chain: Chain) -> bool:
    """Whether a stored key is the first certificate's."""
    return fits(serialization.load_pem_private_key(pem.encode(), None), chain)


def _check_kind(key: PrivateKeyTypes, field: str) -> None:
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < _SMALLEST_RSA:
            raise Invalid(f"an RSA key has at least {_SMALLEST_RSA} bits, this one has {key.key_size}", field)
    elif not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        raise Invalid("expected an RSA, ECDSA or EdDSA key", field)


def _public(key: object) -> bytes:
    encoding, kind = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(encoding, kind)  # type: ignore[attr-defined,no-any-return]


def _issued(one: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def subject(name: x509.Name) -> str:
    """A name as people know it: the common name, else all of it."""
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()


def is_address(name: str) -> bool:
    """Whether a certificate's name is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")
