"""Make `recorded.json` from recordings, one JSON file for each: `python -m tests.conformance.distil FOLDER`.

Of each command it keeps what the test compares: the line, what it printed, its exit code, and of every HTTP exchange
the method, path, status, content type and the shape of the body. Equal shapes are stored once.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

from tests.conformance import normal, watches

FILE = Path(__file__).parent / "recorded.json"


class Shapes:
    """Gives each different shape a number."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def number(self, shape: Any) -> int:
        return self.known.setdefault(json.dumps(shape, separators=(",", ":")), len(self.known))

    def all(self) -> list[Any]:
        return [json.loads(one) for one in self.known]


def exchange(recorded: dict[str, Any], shapes: Shapes) -> dict[str, Any]:
    content_type = recorded["response_headers"].get("content-type", "")
    kept: dict[str, Any] = {
        "asked": f"{recorded['method']} {normal.path(recorded['path'])}",
        "answered": f"{recorded['status']} {content_type}",
    }
    lines = [json.loads(one["text"]) for one in recorded.get("watch_lines", ()) if "text" in one]
    if lines and "type" in lines[0]:
        return {**kept, "lives": watches.lives(lines)}
    body = recorded.get("response_body") or {}
    if "text" in body and "apidiscovery" not in content_type:
        kept["shape"] = shapes.number(normal.body(content_type, body["text"].encode()))
    elif "base64" in body and "<" not in body["base64"]:  # a secret that was taken out leaves no whole message
        kept["shape"] = shapes.number(normal.body(content_type, base64.b64decode(body["base64"])))
    return kept


def main(folder: Path) -> None:
    shapes = Shapes()
    commands = []
    for path in sorted(folder.glob("*.json")):
        recorded = json.loads(path.read_text())
        commands.append(
            {
                "name": path.stem,
                "command": recorded["command"],
                "exit": recorded["exit_code"],
                "out": normal.output(recorded["stdout"]),
                "err": normal.text(recorded["stderr"]),
                "exchanges": [exchange(one, shapes) for one in recorded["exchanges"]],
            }
        )
    lines = ['{"commands": [', ",\n".join(json.dumps(one, ensure_ascii=False) for one in commands), '], "shapes": [']
    lines += [",\n".join(json.dumps(one, separators=(",", ":")) for one in shapes.all()), "]}"]
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
