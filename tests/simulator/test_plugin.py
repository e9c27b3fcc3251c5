"""The pytest plugin, as another project uses it: tests in a folder of their own, run by a pytest of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]

TESTS = """
import json, subprocess, sys, threading, urllib.request, ssl
from pathlib import Path

import pytest

PODS = "/api/v1/namespaces/default/pods"


def note(made):
    with Path("names.txt").open("a") as file:
        file.write(made.json()["metadata"]["uid"] + "\\n")


def test_a_cluster(kubernetes_simulator):
    with kubernetes_simulator.httpx_client() as api:
        made = api.post("/api/v1/namespaces", json={"metadata": {"generateName": "n-"}})
        assert made.status_code == 201
        note(made)
    assert kubernetes_simulator.kubeconfig.exists()
    assert kubernetes_simulator.requests()[-1]["user"] == "admin"


def test_another_cluster_knows_nothing_of_the_first(kubernetes_simulator):
    with kubernetes_simulator.httpx_client() as api:
        names = [item["metadata"]["name"] for item in api.get("/api/v1/namespaces").json()["items"]]
        assert not [name for name in names if name.startswith("n-")]
        made = api.post("/api/v1/namespaces", json={"metadata": {"generateName": "n-"}})
        note(made)


def test_without_httpx_too(kubernetes_simulator):
    context = ssl.create_default_context(cafile=str(kubernetes_simulator.ca_file))
    request = urllib.request.Request(
        kubernetes_simulator.url + PODS, headers={"Authorization": "Bearer " + kubernetes_simulator.token}
    )
    with urllib.request.urlopen(request, context=context) as answer:
        assert json.load(answer)["kind"] == "PodList"


@pytest.mark.kubernetes_simulator(manifests=["map.yaml"], pods="none", seed=5)
class TestMarked:
    def test_manifests_are_loaded(self, kubernetes_simulator):
        with kubernetes_simulator.httpx_client() as api:
            assert api.get("/api/v1/namespaces/default/configmaps/given").json()["data"] == {"a": "b"}

    def test_also_in_virtual_time(self, kubernetes_in_memory):
        async def story(simulator):
            import asyncio

            async with simulator.connect() as api:
                await asyncio.sleep(86400)
                return (await api.get("/api/v1/namespaces/default/configmaps/given")).json()["data"]

        assert kubernetes_in_memory(story) == {"a": "b"}


def test_faults_and_clock(kubernetes_simulator):
    kubernetes_simulator.faults.add({"fault": {"type": "status", "code": 503}, "times": 1})
    before = kubernetes_simulator.clock.now()
    kubernetes_simulator.clock.advance(3600)
    assert (kubernetes_simulator.clock.now() - before).total_seconds() >= 3600
    with kubernetes_simulator.httpx_client() as api:
        assert api.get(PODS).status_code == 503
        assert api.get(PODS).status_code == 200
        kubernetes_simulator.stop_server(crash=True)
        with pytest.raises(Exception):
            api.get(PODS)
        kubernetes_simulator.start_server()
        assert api.get(PODS).status_code == 200


@pytest.mark.kubernetes_simulator(nodes=2, pods="none")
def test_nodes_may_be_a_number(kubernetes_simulator):
    with kubernetes_simulator.httpx_client() as api:
        assert [one["metadata"]["name"] for one in api.get("/api/v1/nodes").json()["items"]] == ["node-1", "node-2"]


def test_nothing_is_left(request):
    assert [t.name for t in threading.enumerate() if "simulator" in t.name] == []
"""
WRONG = """
import pytest

@pytest.mark.kubernetes_simulator(sead=5)
def test_typing_error(kubernetes_simulator): ...

@pytest.mark.kubernetes_simulator(pods="some")
def test_wrong_value(kubernetes_simulator): ...
"""
IDLE = """
import sys

def test_others_pay_nothing():
    loaded = [name for name in sys.modules if name.split(".")[0] in ("simulator", "uvicorn", "hypothesis", "httpx")]
    assert loaded == ["simulator", "simulator.plugin"]
"""


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "simulator.plugin", "-W", "error", "--strict-markers", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )


def test_its_fixtures_work_in_another_project(tmp_path: Path) -> None:
    (tmp_path / "test_cluster.py").write_text(TESTS)
    (tmp_path / "map.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: given}, data: {a: b}}")
    run = pytest_in(tmp_path, "--kubernetes-seed=9")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "8 passed" in run.stdout
    first, second = (tmp_path / "names.txt").read_text().split()
    assert first == second  # the same seed, the same UID


def test_a_typing_error_in_the_marker_is_named(tmp_path: Path) -> None:
    (tmp_path / "test_wrong.py").write_text(WRONG)
    run = pytest_in(tmp_path)
    assert run.returncode != 0
    assert "takes manifests, nodes, pod_network" in run.stdout
    assert "not sead" in run.stdout
    assert "kubernetes_simulator(pods=…): Invalid enum value 'some'" in run.stdout


def test_who_does_not_ask_pays_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_idle.py").write_text(IDLE)
    run = pytest_in(tmp_path)
    assert run.returncode == 0, run.stdout


def test_it_is_found_by_every_pytest_where_edge_is_installed(tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    name, module = "kubernetes-simulator", project["entry-points"]["pytest11"]["kubernetes-simulator"]
    installed = tmp_path / "site" / "edge_as_installed-1.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: edge-as-installed\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(f"[pytest11]\n{name} = {module}\n")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{installed.parent}"}
    command = [sys.executable, "-m", "pytest", "--fixtures", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "kubernetes_simulator --" in run.stdout, run.stdout + run.stderr
    assert "kubernetes_in_memory --" in run.stdout
