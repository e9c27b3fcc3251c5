"""Objects as Tables and as PartialObjectMetadata."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from simulator.objects.record import Record, decode, encode
from simulator.objects.resource import Cell, Column, Object, Resource

FALLBACK = (Column("Name", format="name"), Column("Created At", "date"))
META = "meta.k8s.io"


class _Metadata(msgspec.Struct):
    metadata: msgspec.Raw


_metadata = msgspec.json.Decoder(_Metadata)


def columns(resource: Resource) -> list[dict[str, Any]]:
    return [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": column.description,
            "priority": column.priority,
        }
        for column in resource.columns or FALLBACK
    ]


def cells(resource: Resource, obj: Object, now: datetime) -> list[Cell]:
    if resource.cells is None:
        metadata = obj["metadata"]
        return [metadata.get("name", ""), metadata.get("creationTimestamp", "")]
    return resource.cells(obj, now)


def table(
    resource: Resource,
    records: Sequence[Record],
    metadata: dict[str, Any],
    now: datetime,
    *,
    version: str = "v1",
    include: str = "Metadata",
    headers: bool = True,
) -> bytes:
    """The encoded Table of these records; ``include`` is None, Metadata or Object."""
    rows = [_row(resource, record, now, version, include) for record in records]
    shown = columns(resource) if headers else []
    head = {"kind": "Table", "apiVersion": f"{META}/{version}", "metadata": metadata, "columnDefinitions": shown}
    return encode({**head, "rows": rows})


def _row(resource: Resource, record: Record, now: datetime, version: str, include: str) -> dict[str, Any]:
    row: dict[str, Any] = {"cells": cells(resource, decode(record.body), now)}
    if include == "Object":
        row["object"] = msgspec.Raw(record.full())
    elif include != "None":
        row["object"] = msgspec.Raw(partial(record, version))
    else:
        row["object"] = None
    return row


def partial(record: Record, version: str = "v1") -> bytes:
    """One object's metadata, encoded as PartialObjectMetadata."""
    metadata = bytes(_metadata.decode(record.body).metadata)
    head = f'{{"kind":"PartialObjectMetadata","apiVersion":"{META}/{version}","metadata":'
    return head.encode() + metadata + b"}"


def partial_list(records: Sequence[Record], metadata: dict[str, Any], version: str = "v1") -> bytes:
    items = b",".join(partial(record, version) for record in records)
    head = f'{{"kind":"PartialObjectMetadataList","apiVersion":"{META}/{version}","metadata":'
    return head.encode() + encode(metadata) + b',"items":[' + items + b"]}"


def plain_list(resource: Resource, records: Sequence[Record], metadata: dict[str, Any]) -> bytes:
    """The encoded list: stored bytes joined; items carry no kind and no apiVersion, as Kubernetes' do not."""
    head = f'{{"kind":"{resource.listed}","apiVersion":"{resource.api_version}","metadata":'
    items = b",".join([record.body for record in records])
    return head.encode() + encode(metadata) + b',"items":[' + items + b"]}"
