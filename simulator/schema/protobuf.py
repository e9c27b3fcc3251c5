"""Kubernetes' protobuf bodies: ``k8s\\0``, then ``runtime.Unknown`` around the object.

Written for proto2 as gogo/protobuf writes it: fields in the order of their numbers, a field that is no pointer also
when it is empty, lists unpacked, maps as entries in the order of their keys. Both directions work on JSON-shaped
objects, so the rest of the simulator never sees protobuf. Since kubectl 1.32 typed clients send nothing else.
Source of the envelope: kubernetes/website, api-concepts.md; apimachinery/pkg/runtime/generated.proto.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.schema.types import Field, Schema, Type, schema

MAGIC = b"k8s\x00"
MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
DEEPEST = 64


class Malformed(Exception):
    """Bytes that are no protobuf object of the type they claim to be."""


# reading


def unwrap(body: bytes) -> tuple[str, str, bytes]:
    """The envelope's apiVersion, kind and raw bytes."""
    if not body.startswith(MAGIC):
        raise Malformed("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    api_version = kind = ""
    raw = b""
    for number, value in _fields(body[4:]):
        if number == 1 and isinstance(value, bytes):
            for part, text in _fields(value):
                if part == 1 and isinstance(text, bytes):
                    api_version = _text(text)
                elif part == 2 and isinstance(text, bytes):
                    kind = _text(text)
        elif number == 2 and isinstance(value, bytes):
            raw = value
    return api_version, kind, raw


def decode(type: Type, raw: bytes, known: Schema | None = None, depth: int = 0) -> dict[str, Any]:
    """The JSON-shaped object in ``raw``. Unknown fields are skipped, as protobuf does."""
    known = known or schema()
    if depth > DEEPEST:
        raise Malformed("message nested too deeply")
    out: dict[str, Any] = {}
    for number, value in _fields(raw):
        field = type.wire.get(number)
        if field is None:
            continue
        if field.inline:
            assert field.is_struct
            out.update(decode(known.get(field.base), _message(value), known, depth + 1))
        elif field.shape == "map":
            key, entry = _entry(field, _message(value), known, depth)
            out.setdefault(field.name, {})[key] = entry
        elif field.shape == "list":
            out.setdefault(field.name, []).append(_value(field, value, known, depth))
        else:
            decoded = _value(field, value, known, depth)
            if field.pointer or decoded not in ("", 0, False, None):
                out[field.name] = decoded
    return out


def _entry(field: Field, raw: bytes, known: Schema, depth: int) -> tuple[str, Any]:
    key, entry = "", field.zero
    for number, value in _fields(raw):
        if number == 1:
            key = _text(_message(value))
        elif number == 2:
            entry = _value(field, value, known, depth)
    return key, "" if entry is None and field.base in ("string", "bytes") else entry


def _value(field: Field, value: int | bytes, known: Schema, depth: int) -> Any:
    base = field.base
    if base in ("int", "bool"):
        if not isinstance(value, int):
            raise Malformed(f"wrong wire type for {field.name}")
        if base == "bool":
            return bool(value)
        return value - (1 << 64) if value >= 1 << 63 else value
    raw = _message(value)
    if base == "string":
        return _text(raw)
    if field.is_struct:
        return decode(known.get(base), raw, known, depth + 1)
    return _special(base, raw)


def _special(base: str, raw: bytes) -> Any:
    if base == "bytes":
        return base64.b64encode(raw).decode()
    if base == "double":
        return struct.unpack("<d", raw)[0] if len(raw) == 8 else 0.0
    inner = list(_fields(raw))
    first = dict(inner)
    if base in ("Time", "MicroTime"):
        return _time(first, base) if raw else None
    if base == "Duration":
        return f"{_int(first.get(1, 0)) / 1e9:g}s"
    if base == "Quantity":
        return _text(_message(first.get(1, b"")))
    if base == "IntOrString":
        if first.get(1, 0):
            return _text(_message(first.get(3, b"")))
        return _signed32(_int(first.get(2, 0)))
    if base == "Items":
        return [_text(_message(value)) for number, value in inner if number == 1]
    embedded = _message(first.get(1, b""))
    try:
        return json.loads(embedded) if embedded else {}
    except ValueError:
        raise Malformed("embedded JSON is malformed") from None


def _time(parts: dict[int, int | bytes], base: str) -> str:
    seconds, nanos = _int(parts.get(1, 0)), _int(parts.get(2, 0))
    seconds = seconds - (1 << 64) if seconds >= 1 << 63 else seconds
    try:
        moment = EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000)
    except OverflowError:
        raise Malformed("time out of range") from None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if base == "MicroTime" else "%Y-%m-%dT%H:%M:%SZ")


def _signed32(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >= 1 << 31 else value


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    position, end = 0, len(raw)
    while position < end:
        tag, position = _varint(raw, position)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            number_value, position = _varint(raw, position)
            yield number, number_value
            continue
        if wire == BYTES:
            length, position = _varint(raw, position)
        elif wire in (FIXED64, FIXED32):
            length = 8 if wire == FIXED64 else 4
        else:
            raise Malformed(f"unknown wire type {wire}")
        if position + length > end:
            raise Malformed("unexpected EOF")
        yield number, raw[position : position + length]
        position += length


def _varint(raw: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(raw) and shift < 70:
        byte = raw[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1, position
        shift += 7
    raise Malformed("unexpected EOF")


def _message(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise Malformed("wrong wire type")
    return value


def _int(value: int | bytes) -> int:
    if not isinstance(value, int):
        raise Malformed("wrong wire type")
    return value


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Malformed("string is not UTF-8") from None


# writing


def wrap(api_version: str, kind: str, raw: bytes) -> bytes:
    meta = _bytes(1, api_version.encode()) + _bytes(2, kind.encode())
    return MAGIC + _bytes(1, meta) + _bytes(2, raw) + _bytes(3, b"") + _bytes(4, b"")


def encode(type: Type, obj: dict[str, Any], known: Schema | None = None) -> bytes:
    """A normalised JSON-shaped object as protobuf, byte for byte as gogo/protobuf writes it."""
    known = known or schema()
    out = bytearray()
    for number in sorted(type.wire):
        field = type.wire[number]
        if field.inline:
            out += _bytes(number, encode(known.get(field.base), obj, known))
            continue
        value = obj.get(field.name)
        if field.shape == "one":
            if value is None and (field.pointer or field.base in ("bytes", "any")):
                continue
            out += _encoded(field, value, known)
        elif field.shape == "list":
            for element in value or ():
                out += _encoded(field, element, known)
        else:
            for key in sorted(value or {}):
                assert value is not None
                entry = _bytes(1, key.encode()) + _encoded(field._replace(number=2), value[key], known)
                out += _bytes(number, entry)
    return bytes(out)


def encode_list(api_version: str, kind: str, metadata: dict[str, Any], items: list[bytes]) -> bytes:
    """A list of encoded objects in its envelope."""
    raw = _bytes(1, encode(schema().get("meta/v1.ListMeta"), metadata))
    return wrap(api_version, kind, raw + b"".join(_bytes(2, item) for item in items))


def _encoded(field: Field, value: Any, known: Schema) -> bytes:
    number, base = field.number, field.base
    if base == "string":
        return _bytes(number, (value or "").encode())
    if base == "int":
        return _tag(number, VARINT) + _packed(int(value or 0))
    if base == "bool":
        return _tag(number, VARINT) + _packed(1 if value else 0)
    if base == "double":
        return _tag(number, FIXED64) + struct.pack("<d", float(value or 0))
    if base == "bytes":
        return _bytes(number, base64.b64decode(value or ""))
    if field.is_struct:
        return _bytes(number, encode(known.get(base), value or {}, known))
    return _bytes(number, _encoded_special(base, value))


def _encoded_special(base: str, value: Any) -> bytes:
    if base in ("Time", "MicroTime"):
        if not value:
            return b""
        moment = datetime.fromisoformat(value.replace("Z", "+00:00")) - EPOCH
        seconds = moment.days * 86400 + moment.seconds
        return _tag(1, VARINT) + _packed(seconds) + _tag(2, VARINT) + _packed(moment.microseconds * 1000)
    if base == "Quantity":
        return _bytes(1, str(value or "0").encode())
    if base == "IntOrString":
        number = value if isinstance(value, int) else 0
        text = value if isinstance(value, str) else ""
        kind = 1 if isinstance(value, str) else 0
        return (
            _tag(1, VARINT) + _packed(kind) + _tag(2, VARINT) + _packed(number) + _bytes(3, text.encode())
        )  # fmt: skip
    if base == "Items":
        return b"".join(_bytes(1, item.encode()) for item in value or ())
    if base == "Duration":
        return _tag(1, VARINT) + _packed(int(float(str(value or "0s").rstrip("s")) * 1e9))
    return _bytes(1, json.dumps(value, separators=(",", ":")).encode())


def _bytes(number: int, raw: bytes) -> bytes:
    return _tag(number, BYTES) + _packed(len(raw)) + raw


def _tag(number: int, wire: int) -> bytes:
    return _packed(number << 3 | wire)


def _packed(value: int) -> bytes:
    if value < 0:
        value += 1 << 64
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
