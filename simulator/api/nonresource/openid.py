"""OpenID discovery of service account tokens: where others find the key (pkg/routes/openidmetadata.go)."""

from __future__ import annotations

from collections.abc import Callable

from simulator.access.tokens import ISSUER, TokenIssuer
from simulator.api.answer import Answer
from simulator.api.negotiation import JSON
from simulator.objects.record import encode

KEYS = "/openid/v1/jwks"
CACHED = [("Cache-Control", "public, max-age=3600")]


def _metadata(issuer: TokenIssuer) -> Answer:
    found = {
        "issuer": ISSUER,
        "jwks_uri": f"{ISSUER}{KEYS}",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }
    return Answer(200, JSON, encode(found), headers=list(CACHED))


def _keys(issuer: TokenIssuer) -> Answer:
    return Answer(200, "application/jwk-set+json", encode(issuer.key_set()), headers=list(CACHED))


OPEN_ID: dict[str, Callable[[TokenIssuer], Answer]] = {
    "/.well-known/openid-configuration": _metadata,
    KEYS: _keys,
}
