"""Domains of applications: one spelling for each, so that equal domains are equal strings."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from edge.admin.errors import Invalid

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")


def normalised(domains: Iterable[str], field: str = "domains") -> tuple[str, ...]:
    """Lower case, without trailing dot, in ASCII (RFC 5891), each once in the order given. Raises Invalid with the
    field ("domains[2]") for what is neither a host name, nor `*.` and a host name, nor an IP address."""
    return tuple(dict.fromkeys(_one(domain, f"{field}[{index}]") for index, domain in enumerate(domains)))


def _one(text: str, field: str) -> str:
    domain = text.strip().lower().removesuffix(".")
    if "://" in domain or "/" in domain:
        raise Invalid(f"write the domain alone, without scheme or path: not {text!r}", field)
    address = _address(domain)
    if address is not None:
        return address
    if ":" in domain:
        raise Invalid(f"write the domain without a port: not {text!r}", field)
    star, name = ("*.", domain[2:]) if domain.startswith("*.") else ("", domain)
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            raise Invalid(f"{text!r} is not a domain name", field) from None
    if len(name) > 253 or not all(_LABEL.match(label) for label in name.split(".")):
        raise Invalid(
            f"{text!r} is not a domain: expected a host name such as www.example.com, or *.example.com", field
        )
    return star + name


def _address(text: str) -> str | None:
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    return f"[{address}]" if address.version == 6 else str(address)
