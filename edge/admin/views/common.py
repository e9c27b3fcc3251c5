"""What all types of the API are made of."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Port = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[float, Meta(gt=0, le=300)]

V = TypeVar("V")


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a caller sends; unknown fields are refused."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller reads."""


class Page(msgspec.Struct, Generic[V], frozen=True):
    """One page of a list; `next` is the cursor for `?after`, null on the last page."""

    items: list[V]
    next: str | None = None
