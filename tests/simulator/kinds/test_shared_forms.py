"""Events of two groups and autoscalers of two versions are stored once and shown in each form."""

from __future__ import annotations

from tests.simulator.api.client import Api

CORE = "/api/v1/namespaces/default/events"
NEW = "/apis/events.k8s.io/v1/namespaces/default/events"
HPA = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


def event(name: str = "e") -> dict[str, object]:
    about = {"kind": "Pod", "name": "p", "namespace": "default"}
    times = {"firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:05Z", "count": 2}
    said = {"reason": "Started", "message": "hello", "type": "Normal", "source": {"component": "kubelet"}}
    return {"metadata": {"name": name}, "involvedObject": about, **said, **times}


async def test_an_event_of_one_group_is_the_same_object_in_the_other() -> None:
    api = Api()
    made = (await api.call("POST", CORE, event())).json()
    seen = (await api.call("GET", f"{NEW}/e")).json()
    assert seen["apiVersion"] == "events.k8s.io/v1"
    assert seen["metadata"]["uid"] == made["metadata"]["uid"]
    assert (seen["note"], seen["regarding"]["name"], seen["deprecatedCount"]) == ("hello", "p", 2)
    assert "message" not in seen
    listed = (await api.call("GET", f"{NEW}?fieldSelector=regarding.name%3Dp")).json()
    assert [one["note"] for one in listed["items"]] == ["hello"]
    shown = (await api.call("GET", NEW, headers=TABLE)).json()["rows"][0]["cells"]
    assert shown[1:4] == ["Normal", "Started", "pod/p"]


async def test_a_watch_of_core_events_sees_what_the_new_group_writes() -> None:
    api = Api()
    reply, task = api.open("GET", f"{CORE}?watch=true&fieldSelector=involvedObject.name%3Dp")
    about = {"kind": "Pod", "name": "p", "namespace": "default"}
    who = {"reportingController": "me", "reportingInstance": "me-1", "action": "Try", "reason": "Tried"}
    sent = {"metadata": {"name": "n"}, "eventTime": "2026-01-01T00:00:00.000000Z", "regarding": about, **who}
    made = await api.call("POST", NEW, {**sent, "type": "Normal", "note": "hi"})
    assert made.status == 201
    (line,) = await reply.lines(1)
    assert line["object"]["apiVersion"] == "v1"
    assert (line["object"]["message"], line["object"]["involvedObject"]["name"]) == ("hi", "p")
    task.cancel()


async def test_an_incomplete_new_event_and_a_core_event_about_elsewhere_are_invalid() -> None:
    api = Api()
    refused = (await api.call("POST", NEW, {"metadata": {"name": "n"}})).json()
    fields = [cause["field"] for cause in refused["details"]["causes"]]
    assert fields == ["eventTime", "reportingController", "reportingInstance", "action", "reason", "type"]
    sent = {**event(), "involvedObject": {"kind": "Pod", "name": "p", "namespace": "other"}}
    refused = (await api.call("POST", CORE, sent)).json()
    assert refused["message"] == (
        'Event "e" is invalid: involvedObject.namespace: Invalid value: "other": does not match event.namespace'
    )


async def test_an_autoscaler_keeps_what_v1_has_no_field_for() -> None:
    api = Api()
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}
    memory = {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}
    metrics = [{"type": "Resource", "resource": cpu}, {"type": "Resource", "resource": memory}]
    target = {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}
    spec = {"scaleTargetRef": target, "maxReplicas": 5, "metrics": metrics}
    made = (await api.call("POST", HPA.format("v2"), {"metadata": {"name": "h"}, "spec": spec})).json()
    assert made["spec"]["minReplicas"] == 1
    old = (await api.call("GET", HPA.format("v1") + "/h")).json()
    assert old["spec"]["targetCPUUtilizationPercentage"] == 60
    assert "metrics" not in old["spec"]
    old["spec"]["maxReplicas"] = 9
    changed = await api.call("PUT", HPA.format("v1") + "/h", old)
    assert changed.status == 200, changed.body
    back = (await api.call("GET", HPA.format("v2") + "/h")).json()
    assert (back["spec"]["maxReplicas"], back["spec"]["metrics"]) == (9, metrics)
    assert "annotations" not in back["metadata"]
