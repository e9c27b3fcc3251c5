"""What a cluster holds before anybody uses it: namespaces, nodes, and the Service of the API server itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from simulator.controllers.cluster import Cluster

Object = dict[str, Any]

NAMESPACES = ("kube-system", "kube-public", "kube-node-lease", "default")
API_SERVICE_ADDRESS = "10.96.0.1"
VERSION = "v1.36.2"
SERVER, KUBELET = "kube-apiserver", "kubelet"


class Node(msgspec.Struct, frozen=True):
    """A node's name and zone ("" for none)."""

    name: str
    zone: str = ""


NODES = (Node("node-1", "z1"), Node("node-2", "z2"), Node("node-3", "z3"))


def boot(cluster: Cluster, nodes: Iterable[Node], host: str, port: int) -> None:
    """Create it all; `host` and `port` are where the API server listens."""
    for name in NAMESPACES:
        metadata = {"name": name, "labels": {"kubernetes.io/metadata.name": name}}
        cluster.create("namespaces", {"metadata": metadata}, SERVER)
    for node in nodes:
        made = cluster.create("nodes", {"metadata": {"name": node.name, "labels": _labels(node)}, "spec": {}}, KUBELET)
        made["status"] = _status(cluster.clock.timestamp())
        cluster.update("nodes", made, "status", KUBELET)
    _api_service(cluster, host, port)


def _labels(node: Node) -> dict[str, str]:
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": "linux",
    }
    if node.zone:
        labels["topology.kubernetes.io/zone"] = node.zone
    return labels


def _status(moment: str) -> Object:
    room = {"cpu": "8", "ephemeral-storage": "100Gi", "memory": "32Gi", "pods": "5000"}
    return {
        "capacity": room,
        "allocatable": room,
        "conditions": [
            _condition("MemoryPressure", "False", "KubeletHasSufficientMemory", moment),
            _condition("DiskPressure", "False", "KubeletHasNoDiskPressure", moment),
            _condition("PIDPressure", "False", "KubeletHasSufficientPID", moment),
            _condition("Ready", "True", "KubeletReady", moment),
        ],
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 0}},
        "nodeInfo": {
            "machineID": "",
            "systemUUID": "",
            "bootID": "",
            "kernelVersion": "simulator",
            "osImage": "Edge Kubernetes simulator",
            "containerRuntimeVersion": "simulator://1",
            "kubeletVersion": VERSION,
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": "amd64",
        },
    }


def _condition(kind: str, value: str, reason: str, moment: str) -> Object:
    return {
        "type": kind,
        "status": value,
        "lastHeartbeatTime": moment,
        "lastTransitionTime": moment,
        "reason": reason,
        "message": "",
    }


def _api_service(cluster: Cluster, host: str, port: int) -> None:
    """The Service `kubernetes` with its endpoints (pkg/controlplane/controller/kubernetesservice)."""
    labels = {"component": "apiserver", "provider": "kubernetes"}
    cluster.create(
        "services",
        {
            "metadata": {"name": "kubernetes", "namespace": "default", "labels": labels},
            "spec": {
                "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": port}],
                "clusterIP": API_SERVICE_ADDRESS,
                "type": "ClusterIP",
                "sessionAffinity": "None",
                "ipFamilyPolicy": "SingleStack",
                "internalTrafficPolicy": "Cluster",
            },
        },
        SERVER,
    )
    place = {"name": "kubernetes", "namespace": "default"}
    mirror = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    cluster.create(
        "endpoints",
        {
            "metadata": {**place, "labels": mirror},
            "subsets": [{"addresses": [{"ip": host}], "ports": [{"name": "https", "port": port, "protocol": "TCP"}]}],
        },
    )
    cluster.create(
        "endpointslices.discovery.k8s.io",
        {
            "metadata": {**place, "labels": {"kubernetes.io/service-name": "kubernetes"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [host], "conditions": {"ready": True}}],
            "ports": [{"name": "https", "protocol": "TCP", "port": port}],
        },
        SERVER,
    )
