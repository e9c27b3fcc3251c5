"""What a watch said, without its order between objects, which differs from run to run: the life of each object."""

from __future__ import annotations

from typing import Any


def lives(lines: list[dict[str, Any]]) -> list[list[str]]:
    """The different lives that a watch showed, in the order in which they began; repeated states count once.

    Of pods and of endpoints a life begins with ADDED: what went on before the watch is not its subject.
    """
    if lines and lines[0]["object"].get("kind") == "EndpointSlice":
        return _unique(_endpoints(lines))
    found: dict[str, list[str]] = {}
    for line in lines:
        for name, state in _states(line["object"]):
            if name in found or line["type"] not in ("MODIFIED", "DELETED"):
                _add(found.setdefault(name, []), f"{line['type']} {state}".strip())
    return _unique(list(found.values()))


def _unique(found: list[list[str]]) -> list[list[str]]:
    return [life for index, life in enumerate(found) if life not in found[:index]]


def _add(life: list[str], state: str) -> None:
    if not life or life[-1] != state:
        life.append(state)


def _states(obj: dict[str, Any]) -> list[tuple[str, str]]:
    kind, metadata = obj.get("kind"), obj.get("metadata") or {}
    if kind == "Table":
        return [(row["object"]["metadata"]["name"], f"{row['cells'][1]} {row['cells'][2]}") for row in obj["rows"]]
    if kind == "Status":
        return [("", f"{obj['reason']} {obj['code']}")]
    if kind == "Pod" and metadata.get("name"):
        status = obj["status"]
        ready = [one["status"] for one in status.get("conditions", ()) if one["type"] == "Ready"]
        parts = [status["phase"], *(f"ready={one}" for one in ready)]
        parts += ["bound"] if obj["spec"].get("nodeName") else []
        parts += ["terminating"] if metadata.get("deletionTimestamp") else []
        return [(metadata["name"], " ".join(parts))]
    if kind == "Deployment":
        return [(metadata.get("name", ""), "")]
    phase = (obj.get("status") or {}).get("phase", "")
    return [(metadata.get("name", ""), phase)]


def _endpoints(lines: list[dict[str, Any]]) -> list[list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        now = {
            one["targetRef"]["name"]: " ".join(f"{key}={value}" for key, value in sorted(one["conditions"].items()))
            for one in line["object"].get("endpoints") or ()
        }
        for pod, state in now.items():
            _add(found.setdefault(pod, []), state)
        for pod in found:
            if pod not in now:
                _add(found[pod], "gone")
    return list(found.values())
