"""Who may have an answer at all."""

from __future__ import annotations

import msgspec


class IpAccess(msgspec.Struct, frozen=True, tag="ip-access", omit_defaults=True, forbid_unknown_fields=True):
    """Gate: by the client's address. Networks in `deny` are refused; with `allow`, everything outside it is too."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    status: int = 403
