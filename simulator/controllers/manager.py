"""All controllers of one simulator, started and stopped together."""

from __future__ import annotations

from simulator.controllers.accounts import AccountController, Sign, TokenController
from simulator.controllers.cluster import Cluster
from simulator.controllers.daemonset import DaemonSetController
from simulator.controllers.deployment import DeploymentController
from simulator.controllers.disruption import DisruptionController
from simulator.controllers.endpoints import EndpointsController
from simulator.controllers.endpointslice import EndpointSliceController
from simulator.controllers.endpointslicemirroring import EndpointSliceMirroringController
from simulator.controllers.event_ttl import EventTimeToLive
from simulator.controllers.garbage import GarbageCollector
from simulator.controllers.namespaces import NamespaceController
from simulator.controllers.nodes import NodeController
from simulator.controllers.queue import Gate
from simulator.controllers.replicaset import ReplicaSetController
from simulator.controllers.root_ca import RootCertificateController
from simulator.controllers.scheduler import Scheduler
from simulator.controllers.services import ServiceIndex
from simulator.controllers.statefulset import StatefulSetController


class ControllerManager:
    """Makes the controllers on `cluster`, which must not have been started yet; they work while `gate` is open.

    `ca` is the certificate authority that pods find in every namespace, as PEM.
    """

    def __init__(self, cluster: Cluster, sign: Sign, gate: Gate, ca: str = "") -> None:
        services = ServiceIndex(cluster)
        self._garbage = GarbageCollector(cluster, gate)
        self._root_ca = RootCertificateController(cluster, ca, gate)
        self._controllers = (
            NamespaceController(cluster, gate),
            AccountController(cluster, gate),
            self._root_ca,
            EventTimeToLive(cluster, gate),
            TokenController(cluster, sign, gate),
            DeploymentController(cluster, gate),
            ReplicaSetController(cluster, gate),
            NodeController(cluster, gate),
            StatefulSetController(cluster, gate),
            DaemonSetController(cluster, gate),
            Scheduler(cluster, gate),
            EndpointSliceController(cluster, services, gate),
            EndpointSliceMirroringController(cluster, gate),
            EndpointsController(cluster, services, gate),
            DisruptionController(cluster, gate),
            self._garbage,
        )

    def trust(self, ca: str) -> None:
        """Another certificate authority, as PEM."""
        self._root_ca.trust(ca)

    def stop(self) -> None:
        """Forget all work."""
        self._garbage.stop()
        for controller in self._controllers:
            controller.queue.stop()
