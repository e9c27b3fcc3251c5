"""What admission makes of a pod: its priority."""

from __future__ import annotations

from typing import Any

from tests.simulator.api.client import Api

PODS = "/api/v1/namespaces/default/pods"
CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"


def pod(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "a", "image": "a"}], **spec}}


async def test_a_pod_has_the_priority_of_its_class() -> None:
    api = Api()
    refused = await api.call("POST", PODS, pod("a", priorityClassName="high"))
    assert (refused.status, refused.json()["message"]) == (
        403,
        'pods "a" is forbidden: no PriorityClass with name high was found',
    )
    await api.call("POST", CLASSES, {"metadata": {"name": "high"}, "value": 1000, "preemptionPolicy": "Never"})
    spec = (await api.call("POST", PODS, pod("a", priorityClassName="high"))).json()["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (1000, "Never")
    assert (await api.call("POST", PODS, pod("b", priority=7))).status == 403
    assert (await api.call("POST", PODS, pod("b"))).json()["spec"]["priority"] == 0
    await api.call("POST", CLASSES, {"metadata": {"name": "usual"}, "value": 5, "globalDefault": True})
    spec = (await api.call("POST", PODS, pod("c"))).json()["spec"]
    assert (spec["priorityClassName"], spec["priority"]) == ("usual", 5)
