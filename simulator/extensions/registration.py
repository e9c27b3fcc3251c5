"""The APIServices of a cluster: one for each group and version that is served, custom kinds' too.

As the aggregator's autoregistration keeps them (kube-aggregator/pkg/controllers/autoregister, pkg/controlplane/
apiserver/aggregator.go): Kubernetes' own are made at the start, those of custom kinds come and go with the kinds. The
aggregator's own group has none. Nothing is proxied: an APIService that names a service is only stored.
"""

from __future__ import annotations

from simulator.clock import timestamp
from simulator.errors import ApiError
from simulator.kinds.table import RESOURCES, Table
from simulator.objects.resource import Object
from simulator.store.store import Store

ROW = RESOURCES.of("apiregistration.k8s.io/v1", "APIService")
AUTOMANAGED = "kube-aggregator.kubernetes.io/automanaged"
PRIORITIES = {
    "": 18000, "apps": 17800, "events.k8s.io": 17750, "authentication.k8s.io": 17700, "authorization.k8s.io": 17600,
    "autoscaling": 17500, "batch": 17400, "certificates.k8s.io": 17300, "networking.k8s.io": 17200, "policy": 17100,
    "rbac.authorization.k8s.io": 17000, "storage.k8s.io": 16800, "apiextensions.k8s.io": 16700,
    "admissionregistration.k8s.io": 16700, "scheduling.k8s.io": 16600, "coordination.k8s.io": 16500,
    "node.k8s.io": 16300, "discovery.k8s.io": 16200, "flowcontrol.apiserver.k8s.io": 16100, "resource.k8s.io": 15900,
}  # fmt: skip
CUSTOM = 1000


def register(store: Store, table: Table) -> None:
    """Make what is missing for the kinds of ``table``, and end those of custom kinds that are no longer served."""
    wanted = {
        f"{version}.{group}": (group, version, place)
        for group, versions in table.groups().items()
        if group != ROW.group
        for place, version in enumerate(versions)
    }
    for record in store.records(ROW):
        if record.labels.get(AUTOMANAGED) and record.name not in wanted:
            _end(store, record.name)
        wanted.pop(record.name, None)
    status = _available(timestamp(store.clock.now()))
    for name, (group, version, place) in wanted.items():
        store.create(ROW, {**_service(name, group, version, place), "status": status})


def _end(store: Store, name: str) -> None:
    try:
        store.delete(ROW, None, name)
    except ApiError as error:
        if error.code != 404:
            raise


def _service(name: str, group: str, version: str, place: int) -> Object:
    own = group in PRIORITIES
    spec: Object = {"group": group} if group else {}
    spec["version"] = version
    spec["groupPriorityMinimum"] = PRIORITIES.get(group, CUSTOM)
    spec["versionPriority"] = max((30 if own and group == "autoscaling" else 15 if own else 100) - 15 * place, 1)
    return {"metadata": {"name": name, "labels": {AUTOMANAGED: "onstart" if own else "true"}}, "spec": spec}


def _available(now: str) -> Object:
    said = "Local APIServices are always available"
    condition = {"type": "Available", "status": "True", "lastTransitionTime": now, "reason": "Local", "message": said}
    return {"conditions": [condition]}
