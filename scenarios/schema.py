"""The JSON Schema of scenario files, made from the types that read them, so that editors complete what is true."""

from __future__ import annotations

from typing import Any

import msgspec

from scenarios.model import Modifiers, Scenario
from scenarios.registry import Registry, registry
from scenarios.repeating import Repeat

REF = "#/$defs/{name}"
PARAMETER = r"^\$\{[\w-]+\}$"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_OBJECT = {"type": "object", "required": ["apiVersion", "kind", "metadata"], "description": "A Kubernetes object."}


def schema(steps: Registry | None = None) -> dict[str, Any]:
    """JSON Schema 2020-12, with the steps that are installed unless they are given."""
    steps = steps or registry()
    kinds: list[type[Any]] = [Scenario, Modifiers, Repeat, *steps.actions.values(), *steps.expectations.values()]
    references, found = msgspec.json.schema_components(kinds, ref_template=REF)
    parts: dict[str, Any] = dict(found)
    # two packages may call their classes alike: msgspec then gives them longer names
    names = dict(
        zip(kinds, (str(reference["$ref"]).removeprefix(_ref("")["$ref"]) for reference in references), strict=True)
    )
    parts["Expectation"] = {"anyOf": [_ref(names[kind]) for kind in steps.expectations.values()]}
    parts["Step"] = _step(parts.pop(names[Modifiers]), parts, steps, names)
    scenario = parts.pop(names[Scenario])
    properties = scenario["properties"]
    for name in ("steps", "finally"):
        properties[name] = {**properties[name], "items": _ref("Step")}
    properties["invariants"] = {**properties["invariants"], "items": _ref("Expectation")}
    described = {"$schema": DIALECT, **scenario, "title": "Edge scenario", "$defs": parts}
    parts["Filled"] = {"type": "string", "pattern": PARAMETER, "description": "A parameter, or a repetition's counter."}
    repeated: dict[str, Any] = _fillable(_with_repetitions(described, _ref(names[Repeat])))
    return repeated


def _fillable(node: Any) -> Any:
    """A part of a schema in which `${name}` may stand for every value that is not any text anyway."""
    if isinstance(node, list):
        return [_fillable(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _fillable(value) for key, value in node.items()}
    for name, value in found.get("properties", {}).items():
        if isinstance(value, dict) and (value.get("type") != "string" or "pattern" in value or "enum" in value):
            shown = {key: value[key] for key in ("description", "default") if key in value}
            found["properties"][name] = {"anyOf": [value, _ref("Filled")], **shown}
    return found


def _with_repetitions(node: Any, repeat: dict[str, str]) -> Any:
    """A part of a schema in which every list may have repetitions among its items."""
    if isinstance(node, list):
        return [_with_repetitions(item, repeat) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _with_repetitions(value, repeat) for key, value in node.items()}
    if node.get("type") == "array" and node.get("items"):
        found["items"] = {"anyOf": [found["items"], repeat]}
    return found


def _ref(name: str) -> dict[str, str]:
    return {"$ref": REF.format(name=name)}


def _step(
    modifiers: dict[str, Any], parts: dict[str, Any], steps: Registry, names: dict[type[Any], str]
) -> dict[str, Any]:
    properties: dict[str, Any] = {"expect": _ref("Expectation")}
    for name, kind in steps.actions.items():
        part = names[kind]
        written: list[dict[str, Any]] = [_ref(part)]
        if name in steps.short:
            shown = parts[part]["properties"][steps.short[name]]
            written += [shown] if steps.short[name] != "manifests" else [shown, {"type": "string"}, _OBJECT]
        if not parts[part].get("required"):
            written.append({"type": "null"})
        properties[name] = written[0] if len(written) == 1 else {"anyOf": written}
    return {
        "type": "object",
        "description": "One action or one expectation.",
        "properties": {**properties, **modifiers["properties"]},
        "additionalProperties": False,
        "oneOf": [{"required": [name]} for name in properties],
    }
