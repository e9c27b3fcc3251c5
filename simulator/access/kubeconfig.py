"""The kubeconfig file that a simulator writes for its administrator."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import yaml


def write(path: Path, *, server: str, ca: bytes, certificate: bytes, key: bytes) -> None:
    """Write it with mode 0600, whole or not at all: `server` URL, PEM of the CA and of the client's identity.

    Raises OSError.
    """
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "simulator", "cluster": {"server": server, "certificate-authority-data": _base64(ca)}}],
        "users": [
            {
                "name": "admin",
                "user": {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)},
            }
        ],
        "contexts": [{"name": "simulator", "context": {"cluster": "simulator", "user": "admin"}}],
        "current-context": "simulator",
        "preferences": {},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            yaml.safe_dump(content, file, sort_keys=False)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()  # it holds a key
        raise


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
