"""What a command did, against what the recording says it did: differences as lines that a person can read."""

from __future__ import annotations

import difflib
from typing import Any

from tests.conformance.stage import Told


def differences(recorded: dict[str, Any], told: Told, shapes: list[Any]) -> list[str]:
    """Each begins with where: exit, out, err, or the request; then `-` what was recorded and `+` what came."""
    found = [] if recorded["exit"] == told.exit else [f"exit: -{recorded['exit']} +{told.exit}"]
    if told.exit != 124:  # what a command printed until it was ended depends on its buffers
        found += _lines("out", recorded["out"], told.out)
        found += _lines("err", recorded["err"], told.err)
    exchanges = without_retries(told.exchanges)
    wanted = [f"{one['asked']} → {one['answered']}" for one in recorded["exchanges"]]
    came = [f"{one['asked']} → {one['answered']}" for one in exchanges]
    if wanted != came:
        return found + _lines("asked", wanted, came)
    for expected, actual in zip(recorded["exchanges"], exchanges, strict=True):
        found += _bodies(expected, actual, shapes)
    return found


def without_retries(exchanges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without changes that came a moment too late and that kubectl made again: a controller had just written.

    They are a 409, a look at the object, and the same change once more.
    """
    kept: list[dict[str, Any]] = []
    rest = list(exchanges)
    while rest:
        first, *others = rest
        again = len(others) > 1 and first["asked"] == others[1]["asked"] and others[0]["asked"].startswith("GET ")
        if again and first["answered"].startswith("409 "):
            rest = others[1:]
        else:
            kept.append(first)
            rest = others
    return kept


def _lines(where: str, wanted: list[str], came: list[str]) -> list[str]:
    changed = (line for line in difflib.ndiff(wanted, came) if line[:2] in ("- ", "+ "))
    return [f"{where}: {line[0]}{line[2:]}" for line in changed]


def _bodies(expected: dict[str, Any], actual: dict[str, Any], shapes: list[Any]) -> list[str]:
    where = expected["asked"]
    if "lives" in expected:
        wanted, came = (sorted(" | ".join(life) for life in one["lives"]) for one in (expected, actual))
        return _lines(where, wanted, came)
    if "shape" not in expected:
        return []
    return [f"{where}: {line}" for line in _shape("", shapes[expected["shape"]], actual.get("shape"))]


def _shape(path: str, wanted: Any, came: Any) -> list[str]:
    if isinstance(wanted, dict) and isinstance(came, dict):
        found = []
        for key in sorted({**wanted, **came}):
            if key not in came:
                found.append(f"-{path}.{key}")
            elif key not in wanted:
                found.append(f"+{path}.{key}")
            else:
                found += _shape(f"{path}.{key}", wanted[key], came[key])
        return found
    if isinstance(wanted, list) and isinstance(came, list) and len(wanted) == len(came) == 1:
        return _shape(f"{path}[]", wanted[0], came[0])
    return [] if wanted == came else [f"{path}: -{wanted} +{came}"]
