"""Which endpoint addresses requests may be sent to.

Endpoints are written by whoever may write slices in a namespace. An address on the gateway's own machine or link would
turn that right into access to things meant for the gateway alone: its status port, a metadata service, a neighbour.
"""

from __future__ import annotations

import ipaddress
import re

_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def usable(address: str, *, loopback: bool) -> tuple[str, str]:
    """(address as it is to be used, "") or ("", why not). `loopback`: whether loopback addresses are allowed."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return _usable_name(address.rstrip(".").lower(), loopback)
    if isinstance(ip, ipaddress.IPv4Address):
        why = _ipv4(ip, loopback)
        return ("", why) if why else (address, "")
    why = _ipv6(ip, loopback)
    return ("", why) if why else (str(ip), "")


def _ipv4(ip: ipaddress.IPv4Address, loopback: bool) -> str:
    first, second, _, last = ip.packed
    if first == 127:
        return "" if loopback else "loopback"
    if first == 169 and second == 254:
        return "link-local"
    if first == 0:
        return "unspecified"  # 0.0.0.0/8, which a connect takes for this machine
    if 224 <= first < 240:
        return "multicast"
    if first == 255 and last == 255:
        return "broadcast"
    return ""


def _ipv6(ip: ipaddress.IPv6Address, loopback: bool) -> str:
    if ip.ipv4_mapped is not None:
        return _ipv4(ip.ipv4_mapped, loopback)
    if ip.is_loopback:
        return "" if loopback else "loopback"
    if ip.is_link_local or ip.scope_id is not None:
        return "link-local"
    if ip.is_unspecified:
        return "unspecified"
    if ip.is_multicast:
        return "multicast"
    return ""


def _usable_name(name: str, loopback: bool) -> tuple[str, str]:
    """Names come from FQDN slices. The last label has to begin with a letter, or resolvers read 127.1 as an address."""
    if name == "localhost" or name.endswith(".localhost"):
        return (name, "") if loopback else ("", "loopback")
    if _NAME.fullmatch(name) is None:
        return "", "neither an IP address nor a host name"
    return name, ""
