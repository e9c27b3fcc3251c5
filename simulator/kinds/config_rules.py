"""What each type of Secret must hold, and that an immutable ConfigMap or Secret stays as it is (core/validation)."""

from __future__ import annotations

import base64
import json

from simulator.errors import Cause
from simulator.kinds import plain
from simulator.objects.resource import Object
from simulator.objects.validation import bad, forbidden_field, required

REQUIRED_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
BASIC = "kubernetes.io/basic-auth"


def validate_config_map(obj: Object, old: Object | None) -> list[Cause]:
    return plain.validate_config_map(obj, old) + _changes(obj, old, ("data", "binaryData"))


def validate_secret(obj: Object, old: Object | None) -> list[Cause]:
    kind, data = obj.get("type") or "", obj.get("data") or {}
    causes = plain.validate_secret(obj, old)
    causes += [required(f"data[{key}]") for key in REQUIRED_KEYS.get(kind, ()) if key not in data]
    if kind == BASIC and "username" not in data and "password" not in data:
        causes += [required("data[username]"), required("data[password]")]
    for key in REQUIRED_KEYS.get(kind, ()):
        if key.startswith(".docker") and key in data and not _is_json(data[key]):
            why = "invalid character: the value is not JSON"
            causes.append(bad(f"data[{key}]", "<secret contents redacted>", why))
    return causes + _changes(obj, old, ("data",))


def _is_json(encoded: str) -> bool:
    try:
        json.loads(base64.b64decode(encoded))
    except ValueError:
        return False
    return True


def _changes(obj: Object, old: Object | None, fields: tuple[str, ...]) -> list[Cause]:
    if old is None or not old.get("immutable"):
        return []
    why = "field is immutable when `immutable` is set"
    changed = ["immutable"] if not obj.get("immutable") else []
    changed += [field for field in fields if (old.get(field) or {}) != (obj.get(field) or {})]
    return [forbidden_field(field, why) for field in changed]
