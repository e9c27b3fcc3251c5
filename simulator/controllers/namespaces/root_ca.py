"""The ConfigMap `kube-root-ca.crt` of every namespace: what pods verify the API server by.

Source: pkg/controller/certificates/rootcacertpublisher/publisher.go. One that was changed or deleted is put right.
"""

from __future__ import annotations

from simulator.controllers.cluster import Change, Cluster
from simulator.controllers.queue import Gate, Queue

NAME = "kube-root-ca.crt"
KIND = "configmaps"
DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)


class RootCertificateController:
    """Follows namespaces and its own ConfigMaps; `ca` is PEM."""

    def __init__(self, cluster: Cluster, ca: str, gate: Gate) -> None:
        self._cluster = cluster
        self._ca = ca
        self.queue = Queue("root-ca", self.sync, gate)
        cluster.on("namespaces", lambda change: self.queue.add(change.ref.name))
        cluster.on(KIND, self._map_changed)

    def trust(self, ca: str) -> None:
        """Another authority signs from now on: every namespace is told."""
        self._ca = ca
        for ref in self._cluster.refs.get("namespaces", ()):
            self.queue.add(ref.name)

    def _map_changed(self, change: Change) -> None:
        if change.ref.name == NAME:
            self.queue.add(change.ref.namespace)

    def sync(self, name: str) -> None:
        """Make or mend the ConfigMap of one namespace, unless that is ending."""
        namespace = self._cluster.get("namespaces", None, name)
        if namespace is None or namespace["metadata"].get("deletionTimestamp"):
            return
        data = {"ca.crt": self._ca}
        found = self._cluster.get(KIND, name, NAME)
        if found is None:
            annotations = {"kubernetes.io/description": DESCRIPTION}
            metadata = {"name": NAME, "namespace": name, "annotations": annotations}
            self._cluster.create(KIND, {"metadata": metadata, "data": data})
        elif found.get("data") != data:
            self._cluster.update(KIND, {**found, "data": data})
