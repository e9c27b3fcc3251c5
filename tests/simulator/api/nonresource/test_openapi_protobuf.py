"""The v2 document in the form that kubectl reads; `tests/conformance/test_everyday.py` lets kubectl read it."""

from __future__ import annotations

from simulator.api.nonresource import openapi_protobuf
from tests.simulator.api.client import Api

ASKED = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"


def test_a_document_byte_by_byte() -> None:
    schema = {"type": "object", "required": ["b"], "properties": {"b": {"$ref": "#/x"}}, "x-kind": [{"kind": "A"}]}
    made = openapi_protobuf.document(
        {"swagger": "2.0", "info": {"title": "T", "version": "1"}, "definitions": {"A": schema}}
    )
    b_is_x = b"\x0a\x01b" + b"\x12\x05" + b"\x0a\x03#/x"
    extension = b"\x0a\x06x-kind" + b"\x12\x10" + b"\x12\x0e" + b'[{"kind":"A"}]'
    a = (
        b"\xb2\x01\x08" + b"\x0a\x06object"  # type
        + b"\x9a\x01\x01b"  # required
        + b"\xca\x01\x0c" + b"\x0a\x0a" + b_is_x  # properties
        + b"\xfa\x01\x1a" + extension
    )  # fmt: skip
    named = b"\x0a\x01A" + b"\x12" + bytes([len(a)]) + a
    definitions = b"\x0a" + bytes([len(named)]) + named
    info = b"\x12\x06" + b"\x0a\x01T" + b"\x12\x011"
    paths = b"\x42\x00"
    assert made == b"\x0a\x032.0" + info + paths + b"\x4a" + bytes([len(definitions)]) + definitions


async def test_it_is_answered_to_whoever_asks_for_it() -> None:
    api = Api()
    reply = await api.call("GET", "/openapi/v2", headers={"accept": ASKED})
    assert (reply.status, reply.header("content-type")) == (200, ASKED.replace("@", "."))
    assert reply.body.startswith(b"\x0a\x032.0")
    assert b"io.k8s.api.core.v1.ConfigMap" in reply.body
    assert (await api.call("GET", "/openapi/v2")).json()["swagger"] == "2.0"
