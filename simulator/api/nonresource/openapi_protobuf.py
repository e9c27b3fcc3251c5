"""The v2 OpenAPI document as protobuf (gnostic's openapi.v2.Document), which is how kubectl asks for it.

kubectl validates a ``kind: List`` against this document itself, and reads it in no other form. Numbers are those of
github.com/google/gnostic-models/openapiv2/OpenAPIv2.proto, of the few messages that our document has.
"""

from __future__ import annotations

from typing import Any

from simulator.objects.record import encode

REFERENCE, FORMAT, REQUIRED, ADDITIONAL, TYPE, ITEMS, ALL_OF, PROPERTIES, EXTENSION = 1, 2, 19, 21, 22, 23, 24, 25, 31
SWAGGER, INFO, PATHS, DEFINITIONS = 1, 2, 8, 9


def document(swagger: dict[str, Any]) -> bytes:
    """A swagger document without paths as ``Document``."""
    info = _text(1, swagger["info"]["title"]) + _text(2, swagger["info"]["version"])
    definitions = _named(swagger["definitions"])
    return _text(SWAGGER, swagger["swagger"]) + _part(INFO, info) + _part(PATHS, b"") + _part(DEFINITIONS, definitions)


def _named(schemas: dict[str, Any]) -> bytes:
    """``Definitions`` and ``Properties`` are alike: repeated NamedSchema."""
    return b"".join(_part(1, _text(1, name) + _part(2, _schema(one))) for name, one in schemas.items())


def _schema(schema: dict[str, Any]) -> bytes:
    parts: list[bytes] = []
    for key, value in schema.items():
        if key == "$ref":
            parts.append(_text(REFERENCE, value))
        elif key == "format":
            parts.append(_text(FORMAT, value))
        elif key == "required":
            parts += (_text(REQUIRED, name) for name in value)
        elif key == "additionalProperties" and isinstance(value, dict):
            parts.append(_part(ADDITIONAL, _part(1, _schema(value))))
        elif key == "type":
            parts.append(_part(TYPE, _text(1, value)))
        elif key == "items":
            parts.append(_part(ITEMS, _part(1, _schema(value))))
        elif key == "allOf":
            parts += (_part(ALL_OF, _schema(one)) for one in value)
        elif key == "properties":
            parts.append(_part(PROPERTIES, _named(value)))
        elif key.startswith("x-"):
            parts.append(_part(EXTENSION, _text(1, key) + _part(2, _text(2, _yaml(value)))))
    return b"".join(parts)


def _yaml(value: Any) -> str:
    return f"{value}\n" if isinstance(value, str) else encode(value).decode()  # JSON is YAML


def _text(number: int, text: str) -> bytes:
    return _part(number, text.encode())


def _part(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
