"""Pods for tests, each unlike the others only in what the test says."""

from __future__ import annotations

from typing import Any

from simulator.controllers.pods import ContainerPort, Pod


def pod(name: str, **more: Any) -> Pod:
    number = int("".join(filter(str.isdigit, name)) or 0)
    fields: dict[str, Any] = {
        "key": f"default/{name}",
        "namespace": "default",
        "name": name,
        "uid": f"uid-{name}",
        "labels": {"app": "a"},
        "owner": "set",
        "created": "2026-01-01T00:00:00Z",
        "node": "node-1",
        "ip": f"127.20.{number // 250}.{number % 250 + 1}",
        "phase": "Running",
        "ready": True,
        "ready_since": "2026-01-01T00:00:01Z",
        "terminating": False,
        "deletion_cost": 0,
        "restarts": 0,
        "ports": (ContainerPort(8080, "http"),),
        "hostname": "",
        "subdomain": "",
    }
    return Pod(**{**fields, **more})


def service(**spec: Any) -> dict[str, Any]:
    ports = [{"port": 80, "protocol": "TCP", "targetPort": 8080}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "svc", "namespace": "default", "uid": "uid-svc", "labels": {"team": "blue"}},
        "spec": {"selector": {"app": "a"}, "clusterIP": "10.96.0.9", "ports": ports, **spec},
    }
