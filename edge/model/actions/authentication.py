"""Who is asking: gates that let requests pass only with credentials.

What is secret is written and never read again: a password is kept as the hash that `edge.rules.passwords` makes of it,
a secret that gateways need in clear is sealed with its application's key (`edge.sealing`).
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

WRITE_ONLY = msgspec.Meta(extra_json_schema={"writeOnly": True})


class BasicUser(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """`password` is its hash once it is stored, and is not shown: left out of what is written, the stored one stays."""

    name: str
    password: Annotated[str, WRITE_ONLY] = ""

    def __repr__(self) -> str:
        return f"<BasicUser {self.name}>"


class BasicAuth(msgspec.Struct, frozen=True, tag="basic-auth", omit_defaults=True, forbid_unknown_fields=True):
    """Gate: the Basic scheme of RFC 7617. `forward` lets the Authorization header go on to the endpoint."""

    users: tuple[BasicUser, ...]
    realm: str = "restricted"
    forward: bool = False


Algorithm: TypeAlias = Literal[
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"
]


class ClaimHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A claim of a token that the endpoint is told of in a header."""

    claim: str
    header: str


class JwtAuth(msgspec.Struct, frozen=True, tag="jwt-auth", omit_defaults=True, forbid_unknown_fields=True):
    """Gate: a signed JSON Web Token (RFC 7519). `algorithms` are of one family, verified with one of `secret` (sealed
    once it is stored, and not shown), `public_keys` (PEM, one or more) and the keys at `jwks_url`. `leeway` is in
    seconds. The token stands in the header, the cookie or the query argument `name`; `forward` lets it go on."""

    algorithms: tuple[Algorithm, ...]
    secret: Annotated[str, WRITE_ONLY] = ""
    public_keys: str = ""
    jwks_url: str = ""
    issuer: str = ""
    audience: tuple[str, ...] = ()
    required: tuple[str, ...] = ("exp",)
    leeway: int = 0
    place: Literal["header", "cookie", "query"] = "header"
    name: str = "Authorization"
    claims: tuple[ClaimHeader, ...] = ()
    realm: str = "restricted"
    forward: bool = True

    def __repr__(self) -> str:
        return f"<JwtAuth {' '.join(self.algorithms)} {self.jwks_url}>"


class ForwardAuth(msgspec.Struct, frozen=True, tag="forward-auth", omit_defaults=True, forbid_unknown_fields=True):
    """Gate: `upstream` is asked, at `path`, whether the request may pass; 2xx lets it, and any other answer is given
    instead. It is sent `request_headers` of the request, and `response_headers` of its answer go on to the endpoint."""

    upstream: str
    path: str
    request_headers: tuple[str, ...] = ("Authorization", "Cookie")
    response_headers: tuple[str, ...] = ()
