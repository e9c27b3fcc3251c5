"""Formats of strings that a structural schema may name (k8s.io/kube-openapi/pkg/validation/strfmt)."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import date, datetime
from urllib.parse import urlsplit

DURATION = re.compile(r"^([-+]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+\Z|^0\Z")
MOMENT = re.compile(r"^\d{4}-\d\d-\d\dt\d\d:\d\d:\d\d(\.\d{1,9})?(z|[-+]\d\d:\d\d)$", re.IGNORECASE | re.ASCII)
DAY = re.compile(r"^\d{4}-\d\d-\d\d$", re.ASCII)
UUID = re.compile(r"^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$", re.IGNORECASE)
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\Z")
HOSTNAME = re.compile(r"^[A-Za-z0-9]([-A-Za-z0-9]{0,62})?(\.[A-Za-z0-9]([-A-Za-z0-9]{0,62})?)*\Z")


def right_format(name: str, value: str) -> bool:
    """Whether a string has the format; an unknown format is no constraint."""
    check = FORMATS.get(name)
    if check is None:
        return True
    try:
        return bool(check(value))
    except (ValueError, binascii.Error):
        return False


def _moment(value: str) -> bool:
    return bool(MOMENT.match(value)) and bool(datetime.fromisoformat(value.upper()))


def _day(value: str) -> bool:
    return bool(DAY.match(value)) and bool(date.fromisoformat(value))


def _network(value: str) -> bool:
    return "/" in value and bool(ipaddress.ip_interface(value))


def _decodes(value: str) -> bool:
    base64.b64decode(value, validate=True)
    return True


FORMATS: dict[str, Callable[[str], object]] = {
    "date-time": _moment,
    "date": _day,
    "duration": DURATION.fullmatch,
    "byte": _decodes,
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "cidr": _network,
    "email": EMAIL.fullmatch,
    "hostname": HOSTNAME.fullmatch,
    "uuid": UUID.fullmatch,
    "uri": lambda value: urlsplit(value).scheme,
}
