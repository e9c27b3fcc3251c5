"""Everything that is wrong with a rule or an application, each problem with its field."""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """`field` is where it is, like `actions[0].url`; `message` what was expected and what came."""

    field: str
    message: str
