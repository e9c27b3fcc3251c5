"""The simple JSONPaths of CustomResourceDefinitions: ``.spec.replicas``, ``.a[0]``, ``.c[?(@.type=="Ready")].status``.

Source: k8s.io/client-go/util/jsonpath; only what CRD columns, scale paths and selectable fields use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

STEP = re.compile(
    r"\.(?P<name>(?:\\.|[^.\[\]\\])+)"
    r"|\[\s*(?:'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|(?P<index>-?\d+)|(?P<star>\*)"
    r"|\?\(\s*@(?P<path>[^=!<>]*?)\s*(?P<operator>==|!=)\s*(?P<value>'[^']*'|\"[^\"]*\"|[^)\s]+)\s*\))\s*\]"
)

Step = Callable[[Any], Iterator[Any]]


class BadPath(ValueError):
    """A text that is no JSONPath of the simple kind."""


class JsonPath:
    """A path, parsed once. Raises ``BadPath``."""

    def __init__(self, text: str) -> None:
        body = text.strip()
        body = body[1:-1] if body.startswith("{") and body.endswith("}") else body
        self._steps: list[Step] = []
        position = 1 if body.startswith("$") else 0
        if not body[position:].startswith((".", "[")):
            raise BadPath(f"expected a path like .spec.replicas, not {text!r}")
        while position < len(body):
            found = STEP.match(body, position)
            if found is None:
                raise BadPath(f"cannot read {body[position:]!r} in {text!r}")
            self._steps.append(_step(found))
            position = found.end()

    def find(self, value: Any) -> list[Any]:
        """Everything the path names in ``value``; empty where it leads nowhere."""
        found = [value]
        for step in self._steps:
            found = [inner for one in found for inner in step(one)]
        return found

    def first(self, value: Any) -> Any:
        found = self.find(value)
        return found[0] if found else None


def _step(found: re.Match[str]) -> Step:
    if found["index"] is not None:
        return partial(_at, int(found["index"]))
    if found["star"] is not None:
        return _all
    if found["operator"] is not None:
        text = found["value"]
        wanted = text[1:-1] if text[0] in "'\"" else json.loads(text) if _is_json(text) else text
        path = JsonPath(found["path"]) if found["path"] else None
        return partial(_where, path, found["operator"] == "==", wanted)
    name = found["name"] if found["name"] is not None else found["single"] or found["double"] or ""
    return _all if name == "*" else partial(_field, re.sub(r"\\(.)", r"\1", name))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _field(name: str, value: Any) -> Iterator[Any]:
    if isinstance(value, dict) and name in value:
        yield value[name]


def _at(index: int, value: Any) -> Iterator[Any]:
    if isinstance(value, list) and -len(value) <= index < len(value):
        yield value[index]


def _all(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from value
    elif isinstance(value, dict):
        yield from value.values()


def _where(path: JsonPath | None, equal: bool, wanted: Any, value: Any) -> Iterator[Any]:
    for one in value if isinstance(value, list) else ():
        if ((path.first(one) if path is not None else one) == wanted) is equal:
            yield one
