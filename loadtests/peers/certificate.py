"""The certificate that all proxies show: an ECDSA key on P-256, self-signed, for the host that is asked over TLS."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Files(NamedTuple):
    """PEM files; `both` is the certificate with its key, as HAProxy wants it."""

    certificate: Path
    key: Path
    both: Path


def write(host: str, folder: Path) -> Files:
    """Make one that lasts a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    shown = certificate.public_bytes(pem)
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    files = Files(folder / "certificate.pem", folder / "key.pem", folder / "both.pem")
    for file, content in zip(files, (shown, secret, shown + secret), strict=True):
        file.touch(0o600)
        file.write_bytes(content)
    return files
