"""The status that a kubelet writes for a pod, as pure functions of the pod and what happened to it."""

from __future__ import annotations

from typing import Any

import msgspec

Object = dict[str, Any]

HOST = "127.0.0.1"
_ORDER = ("Initialized", "Ready", "ContainersReady", "PodScheduled")


class Container(msgspec.Struct, frozen=True):
    """What a pod's containers are doing; they start and end together.

    `state` is running, waiting or terminated; times are RFC 3339. `last` is the state before the last restart.
    """

    state: str
    moment: str = ""
    reason: str = ""
    message: str = ""
    exit_code: int = 0
    ready: bool = False
    restarts: int = 0
    last: Object = msgspec.field(default_factory=dict)


def build(pod: Object, container: Container, *, ip: str, started: str, now: str, node_ready: bool = True) -> Object:
    """The whole status of `pod`; conditions that keep their value keep their time."""
    old = pod.get("status") or {}
    running = container.state == "running"
    status: Object = {
        "phase": _phase(pod, container),
        "conditions": _conditions(old.get("conditions") or [], container.ready, node_ready, now),
        "hostIP": HOST,
    }
    if ip and running:
        others = [one for one in old.get("podIPs") or () if ":" in one.get("ip", "")]
        status.update(podIP=ip, podIPs=[{"ip": ip}, *others])
    elif old.get("podIP"):
        status.update(podIP=old["podIP"], podIPs=old["podIPs"])
    status["startTime"] = old.get("startTime") or started
    status["containerStatuses"] = [_container(c, container, running) for c in pod["spec"].get("containers") or []]
    if old.get("qosClass"):
        status["qosClass"] = old["qosClass"]
    return status


def terminated(container: Container, now: str, exit_code: int, reason: str) -> Object:
    """The state of a container that has just ended."""
    return {"terminated": {"exitCode": exit_code, "reason": reason, "startedAt": container.moment, "finishedAt": now}}


def _phase(pod: Object, container: Container) -> str:
    if container.state == "terminated":
        return "Failed" if container.exit_code else "Succeeded"
    if container.state == "running" or container.restarts:
        return "Running"
    return "Pending"


def _conditions(old: list[Object], ready: bool, node_ready: bool, now: str) -> list[Object]:
    known = {condition["type"]: condition for condition in old}
    result: list[Object] = []
    for kind in _ORDER:
        value = "True" if ready or kind in ("Initialized", "PodScheduled") else "False"
        if kind == "Ready" and ready and not node_ready:  # as the node controller marks it, with no reason
            value = "False"
        before = known.get(kind)
        since = before["lastTransitionTime"] if before is not None and before.get("status") == value else now
        condition = {"type": kind, "status": value, "lastProbeTime": None, "lastTransitionTime": since}
        if value == "False" and not ready:
            condition.update(reason="ContainersNotReady", message="containers with unready status")
        result.append(condition)
    return result


def _container(spec: Object, container: Container, running: bool) -> Object:
    if running:
        state: Object = {"running": {"startedAt": container.moment}}
    elif container.state == "waiting":
        waiting = {"reason": container.reason}
        if container.message:
            waiting["message"] = container.message
        state = {"waiting": waiting}
    else:
        state = {
            "terminated": {
                "exitCode": container.exit_code,
                "reason": container.reason,
                "finishedAt": container.moment,
            }
        }
    return {
        "name": spec["name"],
        "state": state,
        "lastState": container.last,
        "ready": container.ready,
        "restartCount": container.restarts,
        "image": spec.get("image", ""),
        "imageID": "simulator" if running or container.restarts else "",
        "started": running,
    }
