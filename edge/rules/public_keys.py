"""Public keys that tokens are verified with: read from PEM, and which algorithm (RFC 7518 3.1) may use which.

The keys' library is loaded when a key is read first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey

SMALLEST_RSA = 2048
"""Bits, RFC 7518 3.3."""
SHORTEST_SECRET = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Bytes, RFC 7518 3.2."""
_CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
_block = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL).finditer


def family(algorithm: str) -> str:
    """HS, RSA (of RS and PS), or ES."""
    return "RSA" if algorithm[:2] in ("RS", "PS") else algorithm[:2]


def parse(text: str) -> list[PublicKey]:
    """The public keys in a PEM text. Raises ValueError, without a word of what was there."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    keys: list[PublicKey] = []
    for block in _block(text):
        if "PRIVATE" in block[1]:
            raise ValueError("this is a private key, which only whoever signs tokens may have; give its public key")
        if "PUBLIC KEY" not in block[1]:
            raise ValueError(f"expected public keys, but got a {block[1].lower()}")
        try:
            key = load_pem_public_key(block[0].encode())
        except (ValueError, UnsupportedAlgorithm):
            raise ValueError("there is a public key that cannot be read") from None
        keys.append(key)  # type: ignore[arg-type]  # `fits` refuses those of other kinds
    if not keys:
        raise ValueError("expected public keys in PEM form, beginning with -----BEGIN PUBLIC KEY-----")
    return keys


def fits(key: PublicKey, algorithm: str) -> bool:
    """Whether a key may verify signatures of the algorithm: of its kind, large enough, on its curve."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if family(algorithm) == "RSA":
        return isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_RSA
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == _CURVES.get(algorithm)
