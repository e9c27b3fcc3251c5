"""What may differ between two runs of the same command is replaced by a word, so that the rest can be compared.

Ages, UIDs, times, resource versions, random name suffixes, addresses of pods and services, and the node's name vary
from run to run; so do the widths of columns that hold them.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

from simulator.schema import protobuf, schema

TEXT = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
    (r"\beyJ[\w-]+\.[\w-]+\.[\w-]+|<jwt>", "JWT"),
    (r"\bZXlK[\w+/=]{40,}|<base64 of jwt>", "BASE64-JWT"),
    (r"\b(test-hello|web)-[a-z0-9]{8,10}-[a-z0-9]{5}\b", r"\1-HASH-RANDOM"),
    (r"\b(test-hello|web)-[b-df-hj-np-tv-z2-9]{5}\b", r"\1-RANDOM"),
    (r"\b(test-hello|web)-(?=\w*\d)[a-z0-9]{8,10}\b", r"\1-HASH"),
    (r"\bkube-api-access-[a-z0-9]{5}\b", "kube-api-access-RANDOM"),
    (r"\b(?:10\.244|127\.\d+)\.\d+\.\d+\b", "POD-IP"),
    (r"\b10\.96\.(?!0\.1\b)\d+\.\d+\b", "CLUSTER-IP"),
    (r"\b(?:rig-)?node-1\b", "NODE"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", "TIME"),
    (r"\b\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d (?:\+0000|GMT)", "TIME"),
    (r"\bE\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ (\w+\.go):\d+\]", r"LOG \1]"),
    (r"(?m)(?<=[\s(])(?:\d+[dhms]){1,2}(?=[\s)]|$)", "AGE"),
    (r'("?resourceVersion"?: ?")\d+"', r'\1N"'),
    (r'("?generation"?: )\d+', r"\1N"),
    (r"(pod-template-hash\"?: ?\"?)[a-z0-9]{8,10}", r"\1HASH"),
    (r"current: \d+", "current: N"),
    (r"(Client Version: v1\.)[\d.]+", r"\1N"),
    (r"(Kustomize Version: v)[\d.]+", r"\1N"),
    (r"too old resource version: 1 \(\d+\)", "too old resource version: 1 (N)"),
    # What a proxy or an HTTP library adds of its own.
    (r"(?im)^(?:date|server|transfer-encoding|content-length|connection): .*\n?", ""),
    (r"(?m)^HTTP/1\.1 (\d+).*$", r"HTTP/1.1 \1"),
]
PATTERNS = [(re.compile(pattern), word) for pattern, word in TEXT]


def text(said: str) -> list[str]:
    """The lines of an output: what varies replaced, gaps between columns made equal."""
    said = said.replace("\r\n", "\n")
    for pattern, word in PATTERNS:
        said = pattern.sub(word, said)
    lines = [re.sub(r"(?<=\S)\s{2,}", "  ", line.rstrip()) for line in said.split("\n")]
    return [_header(line) for line in lines if line]


def output(said: str) -> list[str]:
    """As `text`; a body that was printed raw is left to the comparison of bodies."""
    return [] if said.startswith(('{"', '{\n  "')) else text(said)


def _header(line: str) -> str:
    """Header names have no case."""
    name, colon, value = line.partition(": ")
    return f"{name.lower()}: {value}" if colon and re.fullmatch(r"[A-Za-z-]+", name) and "-" in name else line


QUERY = {"hash": "HASH", "timeoutSeconds": "SECONDS", "resourceVersion": "N", "continue": "TOKEN"}


def path(given: str) -> str:
    """A path with its query in order, and what varies in it replaced."""
    head, _, query = given.partition("?")
    pairs = []
    for key, value in sorted(parse_qsl(query, keep_blank_values=True)):
        varies = key in QUERY and value not in ("0", "1", "2", "99999999")
        said = " ".join(text(value))
        pairs.append(
            (key, QUERY[key] if varies else ",".join(sorted(said.split(","))))
        )  # kubectl's parts have no order
    return text(head)[0] + ("?" + urlencode(pairs, safe="/:,=!<>") if pairs else "")


COUNTS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")
"""Whether they are there depends on the moment: those that are 0 are left out."""


def shape(value: Any, key: str = "") -> Any:
    """Keys and types of a JSON value; a list is the union of its elements, a map's keys are part of the shape."""
    if isinstance(value, dict):
        if value.get("kind") == "Status" and "metadata" in value:
            return json.loads("\n".join(text(json.dumps(value))))
        if key == "fieldsV1":
            return "fields"  # who owns what depends on everything that went before
        if key == "status" and "observedGeneration" in value:
            value = {name: one for name, one in value.items() if name not in COUNTS}
        return {_key(name): shape(one, name) for name, one in sorted(value.items())}
    if isinstance(value, list):
        return _table(key, value) or [_union([shape(one) for one in value])]
    return {str: "s", bool: "b", int: "n", float: "n", type(None): "null"}[type(value)]


def _key(name: str) -> str:
    return text(name)[0] if name else name


def _table(key: str, value: list[Any]) -> Any:
    if key == "cells":
        return [shape(one) for one in value]
    if key == "columnDefinitions":
        return [f"{one['name']} {one['type']} {one['format']} {one['priority']}" for one in value]
    return None


def _union(shapes: list[Any]) -> Any:
    found: Any = None
    for one in shapes:
        if isinstance(found, dict) and isinstance(one, dict):
            names = {**found, **one}
            found = {name: _union([part[name] for part in (found, one) if name in part]) for name in names}
        elif found is None or found == []:
            found = one
    return dict(sorted(found.items())) if isinstance(found, dict) else found


def body(content_type: str, raw: bytes) -> Any:
    """The shape of an answer: of JSON and of Kubernetes' protobuf its fields, of text its lines."""
    if raw.startswith(protobuf.MAGIC):
        api_version, kind, inner = protobuf.unwrap(raw)
        group, _, version = api_version.rpartition("/")
        known = schema().find(f"{group.partition('.')[0] or 'core'}/{version}.{kind}")
        if kind == "Status" or known is None:
            return f"protobuf {api_version} {kind}"
        return {"protobuf": f"{api_version} {kind}", **shape(protobuf.decode(known, inner))}
    if "json" in content_type:
        return shape(json.loads(raw))
    return text(raw.decode())
