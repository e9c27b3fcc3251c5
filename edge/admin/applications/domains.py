"""Domains of applications: one spelling for each, so that equal domains are equal strings."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from edge.admin.errors import Invalid
from edge.rules.validate import domain_problem


def normalised(domains: Iterable[str], field: str = "domains") -> tuple[str, ...]:
    """Lower case, without trailing dot, in ASCII (RFC 5891), IPv6 in brackets, each once in the order given. Raises
    Invalid with the field ("domains[2]") for what no application can have as a domain."""
    return tuple(dict.fromkeys(_one(domain, f"{field}[{index}]") for index, domain in enumerate(domains)))


def _one(text: str, field: str) -> str:
    domain = _address(text.strip()) or _in_ascii(text.strip().lower().removesuffix("."))
    problem = domain_problem(domain)
    if problem is not None:
        raise Invalid(problem, field)
    return domain


def _in_ascii(domain: str) -> str:
    star, name = ("*.", domain[2:]) if domain.startswith("*.") else ("", domain)
    try:
        return domain if domain.isascii() else star + name.encode("idna").decode("ascii")
    except UnicodeError:
        return domain  # the rules say what is wrong with it


def _address(text: str) -> str | None:
    """The one spelling of an IPv6 address, as a Host header has it; None for anything else."""
    try:
        return f"[{ipaddress.IPv6Address(text[1:-1] if text.startswith('[') and text.endswith(']') else text)}]"
    except ValueError:
        return None
