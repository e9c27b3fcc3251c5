"""How an upstream chooses: the form's fields, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from edge.admin.console.forms import body, optional
from edge.admin.views import UpstreamBody, UpstreamView
from edge.model.upstream import Balance, Hash, Sticky

NAMES = ("balance", "hash_by", "hash_name", "cookie", "ttl")
NUMBERS = ("slow_start", "max_connections", "panic_threshold", "zone_minimum")
SHARES = (*NUMBERS, "prefer_zone")
KINDS = (
    ("round-robin", "the next server in turn"),
    ("least-request", "the less busy of two drawn by lot"),
    ("hash", "for equal keys, the same server"),
    ("sticky", "for clients that come back, the server they had"),
)
KEYS = (
    ("client-address", "the client's address"),
    ("path", "the path"),
    ("header", "a header"),
    ("cookie", "a cookie"),
)


def read(given: Mapping[str, Any]) -> Balance | None:
    """What the fields of the chosen kind say; those of the other kinds are let be."""
    kind = str(given.get("balance") or "round-robin")
    written: dict[str, Any] = {"type": kind}
    if kind == "hash":
        written["by"] = given.get("hash_by") or "client-address"
        if written["by"] in ("header", "cookie"):
            written["name"] = str(given.get("hash_name") or "").strip()
    elif kind == "sticky":
        written["cookie"] = str(given.get("cookie") or "").strip()
        written["ttl"] = optional(given.get("ttl"))
    return body(UpstreamBody, {"name": "-", "balance": written}).balance


def read_shares(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of shares, limits and zones, by the API's names; empty fields leave its defaults."""
    written = {name: text for name in NUMBERS if (text := optional(given.get(name))) is not None}
    shares = body(UpstreamBody, {"name": "-", "prefer_zone": bool(given.get("prefer_zone")), **written})
    return {name: getattr(shares, name) for name in SHARES}


def given(upstream: UpstreamView) -> dict[str, Any]:
    """What the form shows for it."""
    balance = upstream.balance
    shown: dict[str, Any] = {"balance": msgspec.to_builtins(balance)["type"]}
    if isinstance(balance, Hash):
        shown |= {"hash_by": balance.by, "hash_name": balance.name}
    elif isinstance(balance, Sticky):
        shown |= {"cookie": balance.cookie, "ttl": balance.ttl or ""}
    shown["prefer_zone"] = "on" if upstream.prefer_zone else ""
    return shown | {name: str(value) for name in NUMBERS if (value := getattr(upstream, name)) is not None}
