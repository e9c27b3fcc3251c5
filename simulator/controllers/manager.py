"""All controllers of one simulator, started and stopped together."""

from __future__ import annotations

from simulator.controllers.cluster import Cluster
from simulator.controllers.endpoints.endpoints import EndpointsController
from simulator.controllers.endpoints.endpointslice import EndpointSliceController
from simulator.controllers.endpoints.endpointslicemirroring import EndpointSliceMirroringController
from simulator.controllers.endpoints.services import ServiceIndex
from simulator.controllers.event_ttl import EventTimeToLive
from simulator.controllers.garbage import GarbageCollector
from simulator.controllers.namespaces.accounts import AccountController, Sign, TokenController
from simulator.controllers.namespaces.namespaces import NamespaceController
from simulator.controllers.namespaces.root_ca import RootCertificateController
from simulator.controllers.queue import Gate
from simulator.controllers.scheduling.disruption import DisruptionController
from simulator.controllers.scheduling.nodes import NodeController
from simulator.controllers.scheduling.scheduler import Scheduler
from simulator.controllers.workloads.daemonset import DaemonSetController
from simulator.controllers.workloads.deployment import DeploymentController
from simulator.controllers.workloads.replicaset import ReplicaSetController
from simulator.controllers.workloads.statefulset import StatefulSetController


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
