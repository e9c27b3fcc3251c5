"""Strings that Kubernetes' decoder reads as something else: times, durations, quantities.

Sources: apimachinery/pkg/apis/meta/v1 (time.go, micro_time.go, duration.go), apimachinery/pkg/api/resource.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
CANONICAL = re.compile(r"^\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ\Z")
CANONICAL_MICRO = re.compile(r"^\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z\Z")
RFC_3339 = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)\Z")
DURATION = re.compile(r"^[-+]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+\Z|^[-+]?0\Z")
QUANTITY = re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?\Z")
SAYS_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


class BadScalar(ValueError):
    """A text that is no such value; the message is Go's."""


def time(text: str) -> str:
    """An RFC 3339 time in UTC, whole seconds."""
    if CANONICAL.match(text):
        return _checked(text, text)
    return _moment(text, "2006-01-02T15:04:05Z07:00").strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_time(text: str) -> str:
    """An RFC 3339 time in UTC, six digits of a second."""
    if CANONICAL_MICRO.match(text):
        return _checked(text, text)
    return _moment(text, "2006-01-02T15:04:05.000000Z07:00").strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def duration(text: str) -> str:
    if not DURATION.match(text):
        raise BadScalar(f'time: invalid duration "{text}"')
    return text


def quantity(text: str) -> str:
    if not QUANTITY.match(text):
        raise BadScalar(SAYS_QUANTITY)
    return text


def _checked(text: str, answer: str) -> str:
    """A text of the right form may still name a day that no month has."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise BadScalar(f'parsing time "{text}": day out of range') from None
    return answer


def _moment(text: str, layout: str) -> datetime:
    if not RFC_3339.match(text):
        raise BadScalar(f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "2006"')
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadScalar(f'parsing time "{text}": out of range') from None


def corrupt(text: str) -> int | None:
    """Where Go's encoding/base64 (``CorruptInputError``) says that a text is no base64; None when it takes it."""
    data = text.encode()
    length, filled, at = len(data), 0, 0
    while at < length:
        byte = data[at]
        at += 1
        if byte in b"\r\n":
            continue
        if byte in BASE64:
            filled = (filled + 1) % 4
            continue
        if byte != ord("=") or filled < 2:
            return at - 1
        if filled == 2:
            at = _past_ends(data, at)
            if at == length:
                return length
            if data[at] != ord("="):
                return at - 1
            at += 1
        at = _past_ends(data, at)
        return at if at < length else None
    return length - filled if filled else None


def _past_ends(data: bytes, at: int) -> int:
    while at < len(data) and data[at] in b"\r\n":
        at += 1
    return at
