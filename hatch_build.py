"""Build hook: fetch the console's front-end assets from their npm package into the tree (ignored by git).

The console works without them, only less lively; so where npm or its registry cannot be reached the build goes on
and says so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASSETS = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/dist/ext/hx-sse.min.js": "hx-sse.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
}


class ConsoleAssets(BuildHookInterface[Any]):
    """Runs `npm ci` and copies the files in ASSETS to the console's static folder."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        target = root / "edge" / "admin" / "console" / "static" / "vendor"
        if all((target / name).is_file() for name in ASSETS.values()):
            return
        problem = self._install(root)
        if problem:
            sys.stderr.write(
                f"front-end assets left out ({problem}); the console works without them, its pages just reload\n"
            )
            return
        target.mkdir(parents=True, exist_ok=True)
        for source, name in ASSETS.items():
            shutil.copyfile(root / "node_modules" / source, target / name)

    @staticmethod
    def _install(root: Path) -> str | None:
        npm = shutil.which("npm")
        if npm is None:
            return "npm is not installed"
        try:
            done = subprocess.run(  # noqa: S603 - a fixed command, found on PATH
                [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=root,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "npm ci took longer than two minutes"
        return None if done.returncode == 0 else f"npm ci failed: {done.stderr.strip().splitlines()[-1:]}"
