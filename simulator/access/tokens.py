"""ServiceAccount tokens: JWTs that the simulator signs (ES256) and verifies against the objects they are bound to.

Claims are those of a real API server (pkg/serviceaccount/claims.go, legacy.go). The key lives as long as the process:
it is not made from the seed, so that a recorded run reveals no credential; the ids of tokens are.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from random import Random
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

ISSUER = "https://kubernetes.default.svc"
AUDIENCE = "https://kubernetes.default.svc"
LEGACY_ISSUER = "kubernetes/serviceaccount"
LEGACY = "kubernetes.io/serviceaccount/"

Claims = dict[str, Any]


class TokenIssuer:
    """Signs and reads tokens. Knows nothing of what still exists: that is the authenticator's question."""

    def __init__(self, random: Random | None = None) -> None:
        self._random = random or Random()
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._key_id = _encode(hashlib.sha256(public).digest())

    def key_set(self) -> Claims:
        """The public key as a JSON Web Key Set."""
        numbers = self._key.public_key().public_numbers()
        x, y = (_encode(one.to_bytes(32, "big")) for one in (numbers.x, numbers.y))
        key = {"use": "sig", "kty": "EC", "kid": self._key_id, "crv": "P-256", "alg": "ES256", "x": x, "y": y}
        return {"keys": [key]}

    def legacy(self, account: dict[str, Any], secret: dict[str, Any]) -> str:
        """The token of a Secret of type ``kubernetes.io/service-account-token``; it does not expire."""
        metadata = account["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        return self.sign(
            {
                "iss": LEGACY_ISSUER,
                f"{LEGACY}namespace": namespace,
                f"{LEGACY}secret.name": secret["metadata"]["name"],
                f"{LEGACY}service-account.name": name,
                f"{LEGACY}service-account.uid": metadata["uid"],
                "sub": f"system:serviceaccount:{namespace}:{name}",
            }
        )

    def bound(
        self,
        account: dict[str, Any],
        now: int,
        seconds: int,
        *,
        audiences: list[str] | None = None,
        reference: dict[str, Any] | None = None,
    ) -> str:
        """A token of a TokenRequest: it ends after ``seconds`` (or with ``reference``: {kind, name, uid})."""
        metadata = account["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        private: Claims = {"namespace": namespace, "serviceaccount": {"name": name, "uid": metadata["uid"]}}
        if reference:
            private[reference["kind"].lower()] = {"name": reference["name"], "uid": reference.get("uid", "")}
        return self.sign(
            {
                "aud": audiences or [AUDIENCE],
                "exp": now + seconds,
                "iat": now,
                "iss": ISSUER,
                "jti": str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
                "kubernetes.io": private,
                "nbf": now,
                "sub": f"system:serviceaccount:{namespace}:{name}",
            }
        )

    def sign(self, claims: Claims) -> str:
        head = {"alg": "ES256", "kid": self._key_id}
        signed = f"{_encode_json(head)}.{_encode_json(claims)}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def read(self, token: str) -> Claims | None:
        """The claims of a token that this issuer signed, None for anything else."""
        signed, _, signature = token.rpartition(".")
        try:
            raw = _decode(signature)
            head, claims = (json.loads(_decode(part)) for part in signed.split("."))
            if len(raw) != 64 or head.get("alg") != "ES256" or not isinstance(claims, dict):
                return None
            pair = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
            self._key.public_key().verify(pair, signed.encode(), ec.ECDSA(hashes.SHA256()))
        except (ValueError, AttributeError, InvalidSignature):
            return None
        return claims


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _encode_json(value: Claims) -> str:
    return _encode(json.dumps(value, separators=(",", ":")).encode())


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
