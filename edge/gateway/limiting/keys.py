"""Whose requests count together: the key of a limit.

A client at an IPv6 address counts with all of its /64, wherever `${client-address}` stands in a key: that is the
smallest network that a host is given (RFC 6177, RFC 7421), and it can use any of its 2^64 addresses, one for each
request. A value that was not sent is empty: those who leave it out count together, and do not evade the limit.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TypeAlias

from edge.rules import templates
from edge.rules.request import Request

Key: TypeAlias = Callable[[Request], int]
"""A hash of 64 bits, with a seed that nobody outside knows (PEP 456)."""

_MAPPED = bytes(10) + b"\xff\xff"
"""How an IPv4 address is written as one of IPv6 (RFC 4291 2.5.5.2)."""


def compile_key(template: str) -> Key:
    """The key that a template says. Raises TemplateError, a ValueError."""
    values = [part for part in templates.parse(template) if not isinstance(part, str)]
    values = [network if value is templates.VALUES["client-address"] else value for value in values]
    if not values:
        return lambda request: 0
    if len(values) == 1:
        only = values[0]
        return lambda request: hash(only(request))
    return lambda request: hash(tuple([value(request) for value in values]))


def network(request: Request) -> str:
    """The client's IPv4 address, or the /64 of its IPv6 address."""
    address = request.client_address
    if ":" not in address:
        return address
    try:
        packed = socket.inet_pton(socket.AF_INET6, address)
    except OSError:
        return address
    if packed.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return packed[:8].hex()
