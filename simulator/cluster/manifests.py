"""Manifest files loaded at start: YAML or JSON, one or many documents, a file or a folder of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import structlog

from simulator.api.decoding.bodies import decoded
from simulator.errors import ApiError
from simulator.objects import documents
from simulator.objects.resource import Resource
from simulator.store.store import Store

log = structlog.get_logger("simulator.manifests")

Object = dict[str, Any]
SUFFIXES = (".yaml", ".yml", ".json")


class ManifestError(Exception):
    """A manifest could not be loaded; the message names the file and the object."""


def read(path: Path) -> list[tuple[str, Object]]:
    """(where it is, object) of a file, or of every manifest in a folder in the order of names."""
    if path.is_dir():
        files = sorted(found for found in path.rglob("*") if found.suffix in SUFFIXES)
        if not files:
            raise ManifestError(f"{path}: expected at least one of *{', *'.join(SUFFIXES)} in this folder")
        return [entry for file in files for entry in read(file)]
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: cannot be read: {error}") from None
    return parse(text, str(path))


def parse(text: str, where: str) -> list[tuple[str, Object]]:
    """The objects of a YAML or JSON text; a List stands for its items."""
    try:
        read = documents.read(text)
    except documents.BadYaml as error:
        raise ManifestError(f"{where}: no YAML: {error}") from None
    found: list[tuple[str, Object]] = []
    for number, document in enumerate(read, 1):
        if document.value is None:
            continue
        place = f"{where}, document {number}"
        for repeated in document.repeated:
            log.warning("a manifest says something twice; the last one counts", where=place, what=repeated)
        found.extend((place, obj) for obj in _items(document.value, place))
    return found


def _items(document: Any, where: str) -> Iterable[Object]:
    if not isinstance(document, dict) or not document.get("kind") or not document.get("apiVersion"):
        raise ManifestError(f"{where}: expected an object with apiVersion and kind")
    if document["kind"] == "List":
        return [entry for item in document.get("items") or [] for entry in _items(item, where)]
    if not isinstance(document.get("metadata"), dict):
        raise ManifestError(f"{where}: expected metadata with a name")
    return [document]


def apply(store: Store, find: Callable[[str, str], Resource | None], objects: Iterable[tuple[str, Object]]) -> None:
    """Create each object, or replace the one of its name; ``find`` knows the row of an apiVersion and kind, also of one
    that an object before it defined. What Kubernetes would not know is left out, with a warning.
    """
    for where, obj in objects:
        row = find(str(obj["apiVersion"]), str(obj["kind"]))
        if row is None:
            raise ManifestError(f"{where}: the simulator knows no {obj['kind']} in {obj['apiVersion']}")
        try:
            obj, unknown = decoded(row, obj)
            for path in unknown:
                log.warning("a manifest has a field that Kubernetes does not know", where=where, field=path)
            metadata = obj["metadata"]
            if row.namespaced:
                metadata.setdefault("namespace", "default")
            known = store.get(row, metadata.get("namespace"), str(metadata.get("name") or ""))
            if known is None:
                store.create(row, obj, validate=True)
            else:
                store.update(row, obj, validate=True)
        except ApiError as error:
            raise ManifestError(f"{where}: {obj['kind']} {obj['metadata'].get('name')}: {error.message}") from None
