"""Subresources that need what a simulated pod has not: refused in a sentence that says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.kinds.table import RESOURCES
from tests.simulator.api.client import Api

PODS = "/api/v1/namespaces/default/pods"


async def with_pod(**status: Any) -> Api:
    api = Api()
    spec = {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 8080}]}]}
    api.store.create(RESOURCES.of("v1", "Pod"), {"metadata": {"name": "p", "namespace": "default"}, "spec": spec})
    obj = api.store.get(RESOURCES.of("v1", "Pod"), "default", "p")
    assert obj is not None
    obj["status"] = {"podIP": "127.9.0.1", **status}
    api.store.update(RESOURCES.of("v1", "Pod"), obj, subresource="status")
    return api


@pytest.mark.parametrize("name", ["exec", "attach", "portforward"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_needs_a_process_says_where_the_pod_is_instead(name: str, method: str) -> None:
    api = await with_pod()
    reply = await api.call(method, f"{PODS}/p/{name}?container=c&command=ls")
    assert (reply.status, reply.json()["reason"]) == (400, "BadRequest")
    assert reply.json()["message"].endswith("reach it at http://127.9.0.1:8080")
    assert (await api.call(method, f"{PODS}/nope/{name}")).status == 404


async def test_a_previous_log_is_there_only_after_a_restart() -> None:
    running: dict[str, Any] = {"name": "c", "state": {"running": {}}}
    never = await with_pod(containerStatuses=[running])
    assert (await never.call("GET", f"{PODS}/p/log")).status == 200
    reply = await never.call("GET", f"{PODS}/p/log?previous=true")
    assert (reply.status, reply.json()["message"]) == (
        400, 'previous terminated container "c" in pod "p" not found'
    )  # fmt: skip
    waiting = {"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    restarted = await with_pod(containerStatuses=[{**waiting, "lastState": {"terminated": {"exitCode": 1}}}])
    assert (await restarted.call("GET", f"{PODS}/p/log?previous=true")).status == 200
