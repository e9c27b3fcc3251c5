"""How to reach the cluster of a kubeconfig: by token, client certificate or password, verified or not."""

from __future__ import annotations

import base64
import binascii
import ssl
import tempfile
from pathlib import Path
from typing import Any

import httpx
import yaml

from simulator.access.certificates import write_private
from simulator.recording.format import RecordingError

Object = dict[str, Any]


def client(path: Path, context: str | None = None) -> httpx.AsyncClient:
    """A client of the kubeconfig's (current) context. RecordingError says what is missing."""
    try:
        config = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecordingError(f"{path}: cannot be read: {error}") from None
    if not isinstance(config, dict):
        raise RecordingError(f"{path}: expected a kubeconfig")
    name = context or config.get("current-context") or ""
    chosen = _named(config, "contexts", "context", name, path)
    cluster = _named(config, "clusters", "cluster", chosen.get("cluster", ""), path)
    user = _named(config, "users", "user", chosen["user"], path) if chosen.get("user") else {}
    for unsupported in ("exec", "auth-provider"):
        if user.get(unsupported):
            raise RecordingError(
                f"{path}: user {chosen['user']} signs in with {unsupported}; "
                "give a token or a client certificate, or record through `kubectl proxy`"
            )
    server = cluster.get("server")
    if not isinstance(server, str) or not server.startswith(("http://", "https://")):
        raise RecordingError(f"{path}: cluster {chosen['cluster']}: expected server: https://…, got {server!r}")
    made = httpx.AsyncClient(
        base_url=server,
        verify=_tls(cluster, user, path) if server.startswith("https") else False,
        headers=_headers(user, path),
        timeout=30,
        trust_env=False,
        limits=httpx.Limits(max_connections=None),
    )
    if cluster.get("tls-server-name"):
        made.event_hooks["request"].append(_Named(str(cluster["tls-server-name"])))
    return made


class _Named:
    """Another name to ask for in the TLS handshake."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def __call__(self, request: httpx.Request) -> None:
        request.extensions = {**request.extensions, "sni_hostname": self._name}


def _named(config: Object, plural: str, key: str, name: str, path: Path) -> Object:
    for entry in config.get(plural) or ():
        if isinstance(entry, dict) and entry.get("name") == name and isinstance(entry.get(key), dict):
            found: Object = entry[key]
            return found
    raise RecordingError(f"{path}: there is no {key} {name!r} in {plural}")


def _headers(user: Object, path: Path) -> dict[str, str]:
    token = user.get("token")
    if not token and user.get("tokenFile"):
        token = _content(user, "tokenFile", path).decode().strip()
    if token:
        return {"Authorization": f"Bearer {token}"}
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return {}


def _tls(cluster: Object, user: Object, path: Path) -> ssl.SSLContext:
    authority = _content(cluster, "certificate-authority", path)
    try:
        made = ssl.create_default_context(cadata=authority.decode() if authority else None)
        if cluster.get("insecure-skip-tls-verify"):
            made.check_hostname = False
            made.verify_mode = ssl.CERT_NONE
        certificate = _content(user, "client-certificate", path)
        if certificate:
            with tempfile.TemporaryDirectory(prefix="edge-record-") as folder:
                file = Path(folder) / "client.pem"
                write_private(file, certificate + b"\n" + _content(user, "client-key", path))
                made.load_cert_chain(file)
    except (ssl.SSLError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: a certificate or key in it is no good: {error}") from None
    return made


def _content(where: Object, name: str, path: Path) -> bytes:
    """`name-data` (base64), or the file that `name` is, beside the kubeconfig; b"" for neither."""
    try:
        if where.get(f"{name}-data"):
            return base64.b64decode(where[f"{name}-data"], validate=True)
        return (path.parent / str(where[name])).read_bytes() if where.get(name) else b""
    except (OSError, binascii.Error, TypeError) as error:
        raise RecordingError(f"{path}: {name} cannot be read: {error}") from None
