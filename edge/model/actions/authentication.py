"""Who is asking: gates that let requests pass only with credentials.

What is secret is written and never read again: the API takes a password and keeps what `edge.rules.passwords` makes of
it.
"""

from __future__ import annotations

from typing import Annotated

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
