"""Short forms in which the modules of this folder write their rows."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from simulator.objects.resource import Resource, Subresource
from simulator.schema import schema

STATUS_VERBS = ("get", "patch", "update")
PROXY_VERBS = ("create", "delete", "get", "patch", "update")
SCALE = Subresource("scale", "Scale", STATUS_VERBS, "autoscaling", "v1")


SHORT = {"": "core", "flowcontrol.apiserver.k8s.io": "flowcontrol"}
"""Groups whose types are not named by the first part of the group."""


def row(group: str, version: str, kind: str, plural: str, **more: Any) -> Resource:
    """A row; ``status=True`` adds the status subresource, which discovery lists last."""
    singular = more.pop("singular", kind.lower())
    subresources: tuple[Subresource, ...] = tuple(more.pop("subresources", ()))
    if more.pop("status", False):
        subresources = (*subresources, Subresource("status", kind, STATUS_VERBS))
    more.setdefault("namespaced", True)
    type_name = f"{SHORT.get(group, group.partition('.')[0])}/{version}.{kind}"
    if type_name in schema():
        more.setdefault("schema", type_name)
    if "watch" in more.get("verbs", ("watch",)):
        more.setdefault("storage_version_hash", storage_hash(group, version, kind))
    return Resource(group, version, kind, plural, singular, subresources=subresources, **more)


def storage_hash(group: str, version: str, kind: str) -> str:
    """The ``storageVersionHash`` of discovery (k8s.io/apiserver/pkg/endpoints/discovery/storageversionhash.go)."""
    digest = hashlib.sha256(f"{group}/{version}/{kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()
