"""A Deployment's ReplicaSets: which is the current one, how a new one is made, which old ones may go.

Sources: pkg/controller/deployment/sync.go getNewReplicaSet and cleanupDeployment, util/deployment_util.go
FindNewReplicaSet, EqualIgnoreHash and SetNewReplicaSetAnnotations, pkg/controller/controller_utils.go
ComputeHash. The hash is FNV-1a over the template's JSON, so it is stable but not the one that Go's dump gives.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from simulator.controllers.cluster import owner_reference

Object = dict[str, Any]

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
_NOT_COPIED = (
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    HISTORY,
    DESIRED,
    MAXIMUM,
    "deprecated.deployment.rollback.to",
)
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def number(text: str | None) -> int | None:
    """An annotation's whole number, None when it has none."""
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def revision_of(found: Object) -> int:
    return number((found["metadata"].get("annotations") or {}).get(REVISION)) or 0


def find_new(deployment: Object, sets: Sequence[Object]) -> Object | None:
    """The set with the deployment's template; the oldest, should there be several."""
    wanted = _comparable(deployment["spec"]["template"])
    ordered = sorted(sets, key=lambda s: (s["metadata"]["creationTimestamp"], s["metadata"]["name"]))
    return next((s for s in ordered if _comparable(s["spec"]["template"]) == wanted), None)


def _comparable(template: Object) -> Object:
    metadata = {k: v for k, v in (template.get("metadata") or {}).items() if v and k != "creationTimestamp"}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH}
    return {**template, "metadata": {**metadata, "labels": labels}}


def template_hash(template: Object, collisions: int) -> str:
    """The name suffix and label of a template's set."""
    data = msgspec.json.encode(_comparable(template), order="deterministic") + (
        str(collisions).encode() if collisions else b""
    )
    value = 2166136261
    for byte in data:
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return "".join(_ALPHABET[ord(digit) % len(_ALPHABET)] for digit in str(value))


def annotations_for(deployment: Object, found: Object | None, revision: str) -> dict[str, str]:
    """The annotations of the new set: the deployment's, its revision, and the revisions it had before."""
    annotations: dict[str, str] = dict((found or {"metadata": {}})["metadata"].get("annotations") or {})
    given = deployment["metadata"].get("annotations") or {}
    annotations.update({key: value for key, value in given.items() if key not in _NOT_COPIED})
    before = annotations.get(REVISION)
    if before is not None and before != revision:
        history = [part for part in annotations.get(HISTORY, "").split(",") if part]
        annotations[HISTORY] = ",".join([*history, before])
    annotations[REVISION] = revision
    return annotations


def new_replica_set(deployment: Object, replicas: int, limit: int, revision: int) -> Object:
    """The ReplicaSet of the deployment's current template, with `replicas`."""
    metadata = deployment["metadata"]
    template = copy.deepcopy(deployment["spec"]["template"])
    collisions = (deployment.get("status") or {}).get("collisionCount") or 0
    digest = template_hash(template, collisions)
    labels = {**((template.get("metadata") or {}).get("labels") or {}), HASH: digest}
    template["metadata"] = {**(template.get("metadata") or {}), "labels": labels}
    selector = copy.deepcopy(deployment["spec"]["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH: digest}
    annotations = annotations_for(deployment, None, str(revision))
    annotations.update({DESIRED: str(deployment["spec"].get("replicas", 1)), MAXIMUM: str(limit)})
    spec: Object = {"replicas": replicas, "selector": selector, "template": template}
    if deployment["spec"].get("minReadySeconds"):
        spec["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
    return {
        "metadata": {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": dict(sorted(annotations.items())),
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": spec,
    }


def expired(deployment: Mapping[str, Any], sets: Sequence[Object], new: Object | None) -> list[Object]:
    """Old sets beyond the revision history limit, oldest revision first; never one that still has pods."""
    limit = deployment["spec"].get("revisionHistoryLimit")
    if limit is None:
        return []
    old = [s for s in sets if new is None or s["metadata"]["uid"] != new["metadata"]["uid"]]
    old = [s for s in old if not s["metadata"].get("deletionTimestamp")]
    surplus = max(len(old) - limit, 0)
    return [s for s in sorted(old, key=revision_of)[:surplus] if _spent(s)]


def _spent(found: Object) -> bool:
    status = found.get("status") or {}
    return not (
        status.get("replicas")
        or found["spec"].get("replicas")
        or found["metadata"].get("generation", 0) > status.get("observedGeneration", 0)
    )
