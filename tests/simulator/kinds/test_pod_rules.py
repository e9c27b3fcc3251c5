"""What is wrong with a pod, in Kubernetes' words."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.kinds.pod_rules import amount, pod_level_problems
from tests.simulator.api.client import Api

HTTP = {"httpGet": {"port": 80}}


def problems(container: dict[str, Any] | None = None, **spec: Any) -> list[tuple[str, str]]:
    listed = [{"name": "c", "image": "i", **(container or {})}]
    return [(cause.field, cause.message) for cause in pod_level_problems({"containers": listed, **spec}, "spec")]


@pytest.mark.parametrize(
    ("container", "field", "message"),
    [
        ({"image": " i"}, "image", 'Invalid value: " i": must not have leading or trailing whitespace'),
        (
            {"imagePullPolicy": "Sometimes"},
            "imagePullPolicy",
            'Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
        ),
        ({"ports": [{"name": "a"}, {"name": "a"}]}, "ports[1].name", 'Duplicate value: "a"'),
        (
            {"ports": [{"name": "a-very-long-name"}]},
            "ports[0].name",
            'Invalid value: "a-very-long-name": must be no more than 15 characters',
        ),
        ({"env": [{"value": "x"}]}, "env[0].name", "Required value"),
        (
            {"env": [{"name": "A", "value": "x", "valueFrom": {"fieldRef": {}}}]},
            "env[0].valueFrom",
            'Invalid value: "": may not be specified when `value` is not empty',
        ),
        ({"volumeMounts": [{"name": "v", "mountPath": "/v"}]}, "volumeMounts[0].name", 'Not found: "v"'),
        (
            {"resources": {"limits": {"cpu": "500m"}, "requests": {"cpu": "1"}}},
            "resources.requests",
            'Invalid value: "1": must be less than or equal to cpu limit of 500m',
        ),
        ({"livenessProbe": {}}, "livenessProbe", "Required value: must specify a handler type"),
        (
            {"livenessProbe": {**HTTP, "successThreshold": 2}},
            "livenessProbe.successThreshold",
            "Invalid value: 2: must be 1",
        ),
        (
            {"readinessProbe": {"httpGet": {"port": 0}}},
            "readinessProbe.httpGet.port",
            "Invalid value: 0: must be between 1 and 65535, inclusive",
        ),
        (
            {"readinessProbe": {**HTTP, "tcpSocket": {"port": 1}}},
            "readinessProbe.tcpSocket",
            "Forbidden: may not specify more than 1 handler type",
        ),
    ],
)
def test_a_container_problem_is_named(container: dict[str, Any], field: str, message: str) -> None:
    assert problems(container) == [(f"spec.containers[0].{field}", message)]


def test_a_good_pod_has_no_problem() -> None:
    good = {
        "ports": [{"name": "http", "containerPort": 80}],
        "env": [{"name": "A", "value": "x"}],
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
        "resources": {"limits": {"memory": "1Gi"}, "requests": {"memory": "1000Mi"}},
        "readinessProbe": {**HTTP, "successThreshold": 2},
    }
    assert problems(good, volumes=[{"name": "v", "emptyDir": {}}], dnsPolicy="Default") == []


def test_volumes_have_one_source_and_a_name_of_their_own() -> None:
    volumes = [{"name": "v", "emptyDir": {}}, {"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]
    assert problems(volumes=volumes) == [
        ("spec.volumes[1].name", 'Duplicate value: "v"'),
        ("spec.volumes[1].hostPath", "Forbidden: may not specify more than 1 volume type"),
    ]


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("500m", 0.5), ("1Ki", 1024), ("1e3", 1000), ("2G", 2e9)])
def test_quantities_are_numbers(text: str, number: float) -> None:
    assert amount(text) == pytest.approx(number)


async def test_a_template_is_judged_where_it_stands() -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i", "env": [{}]}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    sent = {"metadata": {"name": "d"}, "spec": spec}
    refused = (await Api().call("POST", "/apis/apps/v1/namespaces/default/deployments", sent)).json()
    assert refused["message"] == (
        'Deployment.apps "d" is invalid: spec.template.spec.containers[0].env[0].name: Required value'
    )


async def test_a_stateful_set_changes_only_what_may_change() -> None:
    api, path = Api(), "/apis/apps/v1/namespaces/default/statefulsets"
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template, "serviceName": "s"}
    assert (await api.call("POST", path, {"metadata": {"name": "s"}, "spec": spec})).status == 201
    merge = {"content-type": "application/merge-patch+json"}
    assert (await api.call("PATCH", f"{path}/s", {"spec": {"replicas": 3}}, merge)).status == 200
    refused = (await api.call("PATCH", f"{path}/s", {"spec": {"serviceName": "other"}}, merge)).json()
    assert refused["message"] == (
        'StatefulSet.apps "s" is invalid: spec: Forbidden: updates to statefulset spec for fields other than '
        "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
        "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
    )
