"""The revisions of a StatefulSet or DaemonSet: one ControllerRevision for each template it has had.

Sources: pkg/controller/history/controller_history.go, pkg/controller/{statefulset,daemon}. `kubectl rollout history`
and `undo` read them: the data is the patch that brings the template back.
"""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any

import msgspec

from simulator.controllers.cluster import Cluster, Ref, owner_reference
from simulator.controllers.workloads.ordinals import HASH
from simulator.controllers.workloads.revisions import template_hash

Object = dict[str, Any]
KIND = "controllerrevisions.apps"


def revisions(cluster: Cluster, owner: Object) -> list[Object]:
    """The owner's revisions, oldest first."""
    return sorted(cluster.children(owner["metadata"]["uid"], KIND), key=lambda one: int(one["revision"]))


def sync(cluster: Cluster, owner: Object) -> tuple[list[Object], Object]:
    """All revisions, and that of the present template, made or raised to the newest where it is not."""
    known = revisions(cluster, owner)
    template = owner["spec"]["template"]
    data = {"spec": {"template": {**template, "$patch": "replace"}}}
    newest = max((int(one["revision"]) for one in known), default=0)
    same = next((one for one in reversed(known) if _canonical(one["data"]) == _canonical(data)), None)
    if same is not None:
        if int(same["revision"]) != newest:
            same = cluster.update(KIND, {**same, "revision": newest + 1})
    else:
        same = cluster.create(KIND, _revision(owner, copy.deepcopy(data), newest + 1))
    return revisions(cluster, owner), same


def _revision(owner: Object, data: Object, number: int) -> Object:
    metadata = owner["metadata"]
    digest = template_hash(owner["spec"]["template"], (owner.get("status") or {}).get("collisionCount") or 0)
    labels = {**((owner["spec"]["template"].get("metadata") or {}).get("labels") or {}), HASH: digest}
    return {
        "metadata": {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "labels": dict(sorted(labels.items())),
            "ownerReferences": [owner_reference(owner)],
        },
        "data": data,
        "revision": number,
    }


def _canonical(data: Object) -> bytes:
    return msgspec.json.encode(data, order="deterministic")


def template_of(revision: Object) -> Object:
    """The template that a revision keeps."""
    return {key: value for key, value in revision["data"]["spec"]["template"].items() if key != "$patch"}


def truncate(cluster: Cluster, known: list[Object], used: Collection[str], limit: int) -> None:
    """Delete the oldest revisions that nothing uses, but for `limit` of them."""
    unused = [one for one in known if one["metadata"]["name"] not in used]
    for gone in unused[: max(len(unused) - limit, 0)]:
        cluster.delete(Ref(KIND, gone["metadata"]["namespace"], gone["metadata"]["name"]))
