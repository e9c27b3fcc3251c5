"""The JSON Schema of scenario files, made from the types that read them, so that editors complete what is true."""

from __future__ import annotations

from typing import Any

import msgspec

from scenarios.model import Modifiers, Scenario
from scenarios.steps import ACTIONS, EXPECTATIONS, SHORT

REF = "#/$defs/{name}"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12."""
    kinds = [Scenario, Modifiers, *ACTIONS.values(), *EXPECTATIONS.values()]
    _, found = msgspec.json.schema_components(kinds, ref_template=REF)
    parts: dict[str, Any] = dict(found)
    parts["Expectation"] = {"anyOf": [_ref(kind.__name__) for kind in EXPECTATIONS.values()]}
    parts["Step"] = _step(parts.pop("Modifiers"), parts)
    scenario = parts.pop("Scenario")
    properties = scenario["properties"]
    for name in ("steps", "finally"):
        properties[name] = {**properties[name], "items": _ref("Step")}
    properties["invariants"] = {**properties["invariants"], "items": _ref("Expectation")}
    return {"$schema": DIALECT, **scenario, "title": "Edge scenario", "$defs": parts}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": REF.format(name=name)}


def _step(modifiers: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {"expect": _ref("Expectation")}
    for name, kind in ACTIONS.items():
        written: list[dict[str, Any]] = [_ref(kind.__name__)]
        if name in SHORT:
            written.append(parts[kind.__name__]["properties"][SHORT[name]])
        if not parts[kind.__name__].get("required"):
            written.append({"type": "null"})
        properties[name] = written[0] if len(written) == 1 else {"anyOf": written}
    return {
        "type": "object",
        "description": "One action or one expectation.",
        "properties": {**properties, **modifiers["properties"]},
        "additionalProperties": False,
        "oneOf": [{"required": [name]} for name in properties],
    }
