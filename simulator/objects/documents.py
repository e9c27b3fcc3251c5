"""YAML texts as Kubernetes reads them: made into JSON, with Go's idea of scalars (sigs.k8s.io/yaml on go-yaml v2).

PyYAML reads YAML 1.1 to the letter; go-yaml does not. What looks like a time or like 12:30 is a string, 1e3 a number.
Keys become strings, what JSON cannot hold (not a number, infinity) is refused. Aliases are written out, up to as many
values as a text of this length could hold without them, so that a few lines cannot stand for gigabytes; and what nests
deeper than `DEEPEST` is refused before libyaml's composer, which calls itself, could use up the stack.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from math import isfinite
from typing import Any, ClassVar, NamedTuple

import yaml

_TAG = "tag:yaml.org,2002:"
_OWN = ("timestamp", "int", "float", "value")
_INT = re.compile(r"^[-+]?(0b[01_]*[01][01_]*|0x[0-9a-fA-F_]*[0-9a-fA-F][0-9a-fA-F_]*|0[0-7_]*|[1-9][0-9_]*)$")
_FLOAT = re.compile(r"^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$")
_FEW = 100_000
"""So many values may be written out of any text."""
DEEPEST = 300


class BadYaml(ValueError):
    """A text that is no YAML, or none that JSON can hold; the message says where."""


class Document(NamedTuple):
    """``value`` is JSON; ``repeated`` names keys that came again in a map, in go-yaml's words."""

    value: Any
    repeated: list[str]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # chosen at run time
    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
        first: [pair for pair in pairs if pair[0].removeprefix(_TAG) not in _OWN]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(f"{_TAG}int", _INT, list("-+0123456789"))
_Loader.add_implicit_resolver(f"{_TAG}float", _FLOAT, list("-+0123456789."))


def read(text: str | bytes) -> list[Document]:
    """Every document of a text. Raises ``BadYaml``."""
    try:
        return list(_documents(text.decode("utf-8-sig") if isinstance(text, bytes) else text))
    except yaml.MarkedYAMLError as error:
        raise BadYaml(_said(error)) from None
    except yaml.YAMLError as error:
        raise BadYaml(" ".join(str(error).split())) from None
    except RecursionError:
        raise BadYaml("an anchor's value contains itself") from None
    except BadYaml:
        raise
    except (AttributeError, TypeError):
        raise BadYaml("a value does not fit its tag") from None
    except (ValueError, OverflowError) as error:
        raise BadYaml(str(error)) from None


def _said(error: yaml.MarkedYAMLError) -> str:
    """As go-yaml says it (``parser.fail``): libyaml's problem, and the line where it began or was seen."""
    marks = (error.context_mark, error.problem_mark)
    line = next((mark.line for mark in marks if mark is not None and mark.line), 0)
    if line and isinstance(error, yaml.scanner.ScannerError):
        line += 1
    return (f"line {line}: " if line else "") + (error.problem or "unknown problem parsing YAML content")


def _documents(text: str) -> Iterator[Document]:
    _check_depth(text)
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            repeated = list(_repeated(node, {}))
            value = loader.construct_document(node)
            yield Document(_Json(max(_FEW, len(text))).of(value), repeated)
    finally:
        loader.dispose()


def _check_depth(text: str) -> None:
    """A cheap bound first: what is nested is in brackets, or is further to the right."""
    if text.count("[") + text.count("{") + max(map(len, text.splitlines()), default=0) < DEEPEST:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise BadYaml(f"exceeded max depth of {DEEPEST}")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _repeated(node: yaml.Node, seen: dict[int, None]) -> Iterator[str]:
    if id(node) in seen:
        return
    seen[id(node)] = None
    if isinstance(node, yaml.SequenceNode):
        for one in node.value:
            yield from _repeated(one, seen)
    elif isinstance(node, yaml.MappingNode):
        known: dict[tuple[str, str], None] = {}
        for key, value in node.value:
            yield from _repeated(value, seen)
            if not isinstance(key, yaml.ScalarNode) or key.tag == f"{_TAG}merge":
                continue
            if (key.tag, key.value) in known:
                name = json.dumps(key.value, ensure_ascii=False) if key.tag == f"{_TAG}str" else key.value
                yield f"line {value.start_mark.line + 1}: key {name} already set in map"
            known[key.tag, key.value] = None


class _Json:
    """Makes one document's values JSON, ``most`` of them."""

    def __init__(self, most: int) -> None:
        self._left = most

    def of(self, value: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise BadYaml("document contains excessive aliasing")
        if isinstance(value, dict):
            return {_key(key): self.of(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.of(one) for one in value]
        if isinstance(value, set):
            return {_key(key): None for key in sorted(value, key=_key)}
        return _scalar(value)


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if not isfinite(value):
            raise BadYaml(f"json: unsupported value: {value}")
        return int(value) if value.is_integer() and abs(value) < 1 << 53 else value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.isoformat()  # a time that was tagged as one


def _key(key: Any) -> str:
    """A key as a JSON object has it; go-yaml's keys are scalars."""
    plain = _scalar(key) if not isinstance(key, tuple) else key
    if isinstance(plain, str):
        return plain
    if isinstance(plain, bool | int | float):
        return json.dumps(plain)
    raise BadYaml(f"unsupported map key of type: {'null' if key is None else type(key).__name__}, key: {key}")
