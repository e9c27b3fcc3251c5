"""What `kubectl get` shows of kinds that nothing acts on (pkg/printers/internalversion/printers.go)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.api.client import Api

TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
APP = {"matchLabels": {"app": "web"}}
CPU = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}
HPA = {
    "maxReplicas": 3,
    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
    "metrics": [{"type": "Resource", "resource": CPU}],
}
ONE_GI = {"requests": {"storage": "1Gi"}}
DEFAULT = {"storageclass.kubernetes.io/is-default-class": "true"}
SHOWN: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    (
        "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
        {"spec": {"minAvailable": 1, "selector": APP}},
        {"Name": "a", "Min Available": "1", "Max Unavailable": "N/A", "Allowed Disruptions": 0},
    ),
    (
        "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
        {"spec": {"podSelector": APP}},
        {"Name": "a", "Pod-Selector": "app=web"},
    ),
    (
        "/api/v1/namespaces/default/persistentvolumeclaims",
        {"spec": {"accessModes": ["ReadWriteOnce"], "resources": ONE_GI, "storageClassName": "fast"}},
        {"Volume": "", "Capacity": "", "Access Modes": "", "StorageClass": "fast", "VolumeAttributesClass": "<unset>"},
    ),
    (
        "/api/v1/persistentvolumes",
        {
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
                "hostPath": {"path": "/x"},
                "claimRef": {"namespace": "n", "name": "c"},
            }
        },
        {"Capacity": "1Gi", "Access Modes": "RWO,RWX", "Claim": "n/c", "Reason": ""},
    ),
    (
        "/apis/storage.k8s.io/v1/storageclasses",
        {"provisioner": "p", "metadata": {"annotations": DEFAULT}},
        {"Name": "a (default)", "Provisioner": "p", "AllowVolumeExpansion": False},
    ),
    ("/api/v1/namespaces/default/resourcequotas", {"spec": {"hard": {"pods": "3"}}}, {"Request": "", "Limit": ""}),
    (
        "/apis/scheduling.k8s.io/v1/priorityclasses",
        {"value": 10},
        {"Value": 10, "Global-Default": False, "PreemptionPolicy": "PreemptLowerPriority"},
    ),
    (
        "/apis/apps/v1/namespaces/default/controllerrevisions",
        {"revision": 2, "data": {}},
        {"Controller": "<none>", "Revision": 2},
    ),
    (
        "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
        {"spec": HPA},
        {"Reference": "Deployment/web", "Targets": "cpu: <unknown>/50%", "MinPods": "1", "MaxPods": 3},
    ),
)


@pytest.mark.parametrize(("path", "body", "expected"), SHOWN, ids=[path.rpartition("/")[2] for path, *_ in SHOWN])
async def test_it_is_shown_in_its_own_columns(path: str, body: dict[str, Any], expected: dict[str, Any]) -> None:
    api = Api()
    made = await api.call("POST", path, {**body, "metadata": {"name": "a", **body.get("metadata", {})}})
    assert made.status == 201, made.json()
    table = (await api.call("GET", f"{path}/a", headers=TABLE)).json()
    names = [column["name"] for column in table["columnDefinitions"]]
    shown = dict(zip(names, table["rows"][0]["cells"], strict=True))
    assert {key: shown.get(key) for key in expected} == expected
    assert shown["Age"] == "0s"
