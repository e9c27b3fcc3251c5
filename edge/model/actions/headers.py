"""Headers that a rule sets or removes."""

from __future__ import annotations

from typing import Literal

import msgspec


class SetRequestHeader(msgspec.Struct, frozen=True, tag="set-request-header", forbid_unknown_fields=True):
    """Set a header on the request to the upstream; `value` is a template."""

    name: str
    value: str


class RemoveRequestHeader(msgspec.Struct, frozen=True, tag="remove-request-header", forbid_unknown_fields=True):
    """Remove a header from the request to the upstream."""

    name: str


class SetResponseHeader(msgspec.Struct, frozen=True, tag="set-response-header", forbid_unknown_fields=True):
    """Set a header on the response to the client; `value` is a template."""

    name: str
    value: str


class RemoveResponseHeader(msgspec.Struct, frozen=True, tag="remove-response-header", forbid_unknown_fields=True):
    """Remove a header from the response to the client."""

    name: str


class RequestId(msgspec.Struct, frozen=True, tag="request-id", omit_defaults=True, forbid_unknown_fields=True):
    """Where a request's id comes from, and the header that has it towards the endpoint and in the answer, besides
    X-Request-Id. With `accept` it is the client's own, if `header` has a sane one; `upstream_only` keeps `header` out
    of the answer."""

    header: str = "X-Request-Id"
    accept: bool = False
    format: Literal["hex", "uuid"] = "hex"
    upstream_only: bool = False
