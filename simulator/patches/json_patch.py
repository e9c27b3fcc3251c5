"""JSON patch (RFC 6902). The document is changed in place on a copy; a failing operation changes nothing."""

from __future__ import annotations

import copy
from typing import Any

from simulator.errors import ApiError, bad_request


def apply(document: Any, operations: Any) -> Any:
    """The patched document. Raises ``ApiError``: 400 for a malformed patch, 422 for one that does not fit."""
    if not isinstance(operations, list):
        raise bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    if len(operations) > 10_000:
        raise ApiError(
            413, "RequestEntityTooLarge",
            f"The allowed maximum operations in a JSON patch is 10000, got {len(operations)}",
        )  # fmt: skip
    document = copy.deepcopy(document)
    for operation in operations:
        document = _operate(document, operation)
    return document


def _operate(document: Any, operation: Any) -> Any:
    if not isinstance(operation, dict):
        raise bad_request("json: cannot unmarshal into Go value of type jsonpatch.Operation")
    if not isinstance(operation.get("path"), str):
        raise _unfit("operation needs a path")
    kind, path = operation.get("op"), operation["path"]
    if kind in ("add", "replace", "test") and "value" not in operation:
        raise _unfit(f'{kind} operation needs a "value": {path}')
    if kind == "add":
        return _add(document, path, copy.deepcopy(operation["value"]))
    if kind == "remove":
        return _remove(document, path)[0]
    if kind == "replace":
        _find(document, path)
        if path == "":
            return copy.deepcopy(operation["value"])
        return _set(document, path, copy.deepcopy(operation["value"]))
    if kind == "test":
        if _find(document, path) != operation["value"]:
            raise _unfit(f"testing value {path} failed")
        return document
    if kind in ("move", "copy"):
        source = operation.get("from")
        if not isinstance(source, str):
            raise _unfit(f'{kind} operation needs a "from"')
        value = copy.deepcopy(_find(document, source))
        if kind == "move":
            document = _remove(document, source)[0]
        return _add(document, path, value)
    raise _unfit(f"Unexpected kind: {kind}")


def _unfit(why: str) -> ApiError:
    """The API server's generic refusal; it does not say why (patch.go applyJSPatch, NewGenericServerResponse)."""
    error = ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {})
    error.add_note(why)
    return error


def _parts(path: str) -> list[str]:
    if path == "":
        return []
    if not path.startswith("/"):
        raise _unfit(f'path "{path}" does not begin with "/"')
    return [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]


def _index(part: str, length: int, path: str) -> int:
    if not part.isdigit() or (len(part) > 1 and part[0] == "0") or int(part) >= length:
        raise _unfit(f"Unable to access invalid index: {part}: {path}")
    return int(part)


def _step(value: Any, part: str, path: str) -> Any:
    if isinstance(value, dict):
        if part not in value:
            raise _unfit(f"path {path} does not exist: missing path")
        return value[part]
    if isinstance(value, list):
        return value[_index(part, len(value), path)]
    raise _unfit(f"path {path} does not exist: missing path")


def _find(document: Any, path: str) -> Any:
    for part in _parts(path):
        document = _step(document, part, path)
    return document


def _parent(document: Any, path: str) -> tuple[Any, str]:
    *above, last = _parts(path)
    for part in above:
        document = _step(document, part, path)
    return document, last


def _add(document: Any, path: str, value: Any) -> Any:
    if path == "":
        return value
    parent, last = _parent(document, path)
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else _index(last, len(parent) + 1, path), value)
    else:
        raise _unfit(f"add operation does not apply: doc is missing path: {path}")
    return document


def _set(document: Any, path: str, value: Any) -> Any:
    parent, last = _parent(document, path)
    if isinstance(parent, list):
        parent[_index(last, len(parent), path)] = value
    else:
        parent[last] = value
    return document


def _remove(document: Any, path: str) -> tuple[Any, Any]:
    if path == "":
        raise _unfit("remove operation does not apply to the whole document")
    parent, last = _parent(document, path)
    gone = _step(parent, last, path)
    if isinstance(parent, list):
        del parent[_index(last, len(parent), path)]
    else:
        del parent[last]
    return document, gone
