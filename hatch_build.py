"""Build hook: what a built package holds besides its Python sources.

*Front-end assets*: fetched from their npm package into the tree (ignored by git). The console works without them, only
less lively; so where npm or its registry cannot be reached the build goes on and says so.

*Compiled modules*: with EDGE_COMPILE=1 in the environment, a wheel's modules on a request's way are compiled by mypyc
(`make wheel` does it). Which ones they are stands in pyproject.toml; their sources stay beside them, for tracebacks and
for Pythons of another version. They are compiled in a copy: compiled modules in the tree would go stale unseen. A
compiled wheel was asked for, so what is in the way of it ends the build with what to do.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASSETS = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/dist/ext/hx-sse.min.js": "hx-sse.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
}
COMPILE = "EDGE_COMPILE"
COMPILER = ["mypy>=2.4", "setuptools>=84.2"]


class Build(BuildHookInterface[Any]):
    """Assets for every build; compiled modules for wheels that are to have them."""

    def dependencies(self) -> list[str]:
        """What the compiler needs: itself, and everything whose types it reads."""
        return [*COMPILER, *self.metadata.core.dependencies] if self._compiles else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before the files are collected."""
        problem = fetch_assets(Path(self.root))
        if problem:
            sys.stderr.write(
                f"front-end assets left out ({problem}); the console works without them, its pages just reload\n"
            )
        if self._compiles and version == "standard":
            folder = compile_modules(Path(self.root), self.config["compiled-modules"])
            build_data["force_include"].update(
                {str(path): str(path.relative_to(folder)) for path in sorted(folder.rglob("*.so"))}
            )
            build_data["pure_python"] = False
            build_data["infer_tag"] = True

    @property
    def _compiles(self) -> bool:
        return self.target_name == "wheel" and os.environ.get(COMPILE, "") not in ("", "0")


def fetch_assets(root: Path) -> str | None:
    """Copy the files in ASSETS to the console's static folder; why that cannot be, or None."""
    target = root / "edge" / "admin" / "console" / "static" / "vendor"
    if all((target / name).is_file() for name in ASSETS.values()):
        return None
    problem = _install_packages(root)
    if problem is None:
        target.mkdir(parents=True, exist_ok=True)
        for source, name in ASSETS.items():
            shutil.copyfile(root / "node_modules" / source, target / name)
    return problem


def _install_packages(root: Path) -> str | None:
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


def compile_modules(root: Path, patterns: list[str]) -> Path:
    """A folder with the shared objects of the modules of `root` that match the patterns, in their places. It is kept
    under `build` for as long as the sources stay as they are, because installers ask for a wheel's metadata first and
    for the wheel then. Raises SystemExit with what to do."""
    if shutil.which("cc") is None:
        raise SystemExit(f"{COMPILE} is set, but there is no C compiler: install one (apt-get install gcc) or unset it")
    modules = modules_of(root, patterns)
    kept = root / "build" / "mypyc"
    folder = kept / _digest(root, modules)
    if folder.is_dir():
        return folder
    with tempfile.TemporaryDirectory(prefix="edge-mypyc-") as made:
        tree = Path(made)
        shutil.copytree(root / "edge", tree / "edge", ignore=shutil.ignore_patterns("__pycache__"))
        (tree / "mypy.ini").write_text("[mypy]\nstrict = true\nignore_missing_imports = true\n")
        done = subprocess.run(  # noqa: S603 - this interpreter
            [sys.executable, "-m", "mypyc", *modules],
            cwd=tree,
            env={**os.environ, "MYPYC_OPT_LEVEL": "2", "MYPYC_DEBUG_LEVEL": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stdout + done.stderr).strip().splitlines()[-20:]
            raise SystemExit("\n".join([*said, f"mypyc could not compile {len(modules)} modules; unset {COMPILE}"]))
        shutil.rmtree(tree / "build")
        shutil.rmtree(kept, ignore_errors=True)
        for path in sorted(tree.rglob("*.so")):
            place = kept / "new" / path.relative_to(tree)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, place)
        (kept / "new").rename(folder)  # whole, or not at all
    return folder


def _digest(root: Path, modules: list[str]) -> str:
    """Changes with the modules, with everything that they can import, and with what compiles them."""
    digest = hashlib.sha256(f"{sys.version} {metadata.version('mypy')} {modules}".encode())
    for path in sorted((root / "edge").rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def modules_of(root: Path, patterns: list[str]) -> list[str]:
    """The files that match, without those of patterns that begin with `!`. Raises SystemExit when a pattern matches
    nothing."""
    found: dict[str, None] = {}
    for pattern in patterns:
        files = [str(path.relative_to(root)) for path in sorted(root.glob(pattern.removeprefix("!")))]
        if not files:
            raise SystemExit(f"compiled-modules in pyproject.toml: no file matches {pattern}")
        for file in files:
            if pattern.startswith("!"):
                found.pop(file, None)
            elif not file.endswith("__init__.py"):
                found[file] = None
    return list(found)
