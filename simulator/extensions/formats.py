"""Formats of strings that a structural schema may name (k8s.io/kube-openapi/pkg/validation/strfmt)."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
import uuid
from collections.abc import Callable
from datetime import date, datetime
from urllib.parse import urlsplit

DURATION = re.compile(r"^([-+]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+$|^0$")
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+$")
HOSTNAME = re.compile(r"^[A-Za-z0-9]([-A-Za-z0-9]{0,62})?(\.[A-Za-z0-9]([-A-Za-z0-9]{0,62})?)*$")


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
    return bool(datetime.fromisoformat(value)) and "T" in value.upper()


def _decodes(value: str) -> bool:
    base64.b64decode(value, validate=True)
    return True


FORMATS: dict[str, Callable[[str], object]] = {
    "date-time": _moment,
    "date": date.fromisoformat,
    "duration": DURATION.match,
    "byte": _decodes,
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "cidr": ipaddress.ip_interface,
    "email": EMAIL.match,
    "hostname": HOSTNAME.match,
    "uuid": uuid.UUID,
    "uri": lambda value: urlsplit(value).scheme,
}
