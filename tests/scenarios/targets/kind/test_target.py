"""The whole target: real scenario runs on a simulator that stands for the cluster, with Docker and kind faked at their
own seams (a socket, a program)."""

import asyncio
import signal

import pytest

from scenarios.errors import TargetError
from scenarios.running import run_files
from scenarios.targets import find
from simulator.cluster.boot import Node
from simulator.running import RunningSimulator
from simulator.settings import Settings
from tests.scenarios.processes import alive, below, ended, scenario, until_line

NAMES = ["edge-scenarios-control-plane", "edge-scenarios-worker", "edge-scenarios-worker2"]
DNS = """
apiVersion: v1
kind: Pod
metadata: {name: coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec: {containers: [{name: dns, image: dns, ports: [{containerPort: 9153}]}]}
"""
SCENARIO = """
title: on kind
given: {manifests: [test-hello.yaml]}
traffic: {steady: {rate: 50/s}}
steps:
- scale: {deployment: test-hello, replicas: 2}
- expect: {upstream: my kubernetes backend, endpoints: {ready: 2, as_kubernetes: true}}
  within: 10s
- expect: {traffic: {steady: {pods: 2, errors: 0}}}
  within: 5s
- pause-api-server:
- resume-api-server:
- stop-api-server:
- start-api-server:
- cut-node: {deployment: test-hello}
- join-node:
- stop-node: edge-scenarios-worker
- start-node: worker
- pause-node: worker2
"""


@pytest.fixture(scope="module")
def cluster():
    settings = Settings(listen="127.0.0.1:0", control_listen="127.0.0.1:0", nodes=tuple(Node(name) for name in NAMES))
    with RunningSimulator(settings) as running:
        for number, name in enumerate(NAMES):
            running.load(
                f"{{apiVersion: v1, kind: Node, metadata: {{name: {name}}}, spec: {{podCIDR: 10.245.{number}.0/24}}}}"
            )
        running.load(DNS)
        yield running


@pytest.fixture
def programs(programs, cluster):
    programs.say("administrator", cluster.kubeconfig.read_text())
    return programs


def names(cluster, path):
    with cluster.httpx_client() as api:
        return [item["metadata"]["name"] for item in api.get(path).json()["items"]]


async def test_a_scenario_file_runs_on_it_from_beginning_to_end(programs, docker, cluster, tmp_path, capsys):
    (tmp_path / "some.yaml").write_text(SCENARIO)
    assert await run_files([tmp_path / "some.yaml"], "kind", None, 1, 1) == 0, capsys.readouterr()
    assert [" ".join(line[:2]) for line in programs.asked("kind")] == [
        "get clusters",
        "create cluster",
        "delete cluster",
    ]
    added = [line for line in programs.asked("ip") if line[1] == "add"]
    assert added == [["route", "add", f"10.245.{number}.0/24", "via", f"172.18.0.{number + 2}"] for number in range(3)]
    assert (programs.clusters(), programs.routes()) == ([], {})
    did = [request.rpartition("/")[2] for request in docker.did()]
    assert did[:4] == ["pause", "unpause", "stop", "start"]  # the control plane's node
    assert did[4:] == ["disconnect", "connect", "stop", "start", "pause", "unpause"]  # the last by itself, at the end
    assert names(cluster, "/apis/apps/v1/namespaces/default/deployments") == []


async def test_what_only_the_simulator_can_do_is_skipped_and_said_before_anything_starts(
    programs, docker, tmp_path, capsys
):
    (tmp_path / "some.yaml").write_text(SCENARIO + "- compact:\n")
    assert await run_files([tmp_path / "some.yaml"], "kind", None, 1, 1) == 0
    assert (
        "skipped on kind:edge-scenarios: line 20: compact can only be done to the simulator" in capsys.readouterr().out
    )
    assert programs.asked("kind") == []


@pytest.mark.parametrize("moment", ["while kind makes it", "in the middle of the run"])
async def test_an_interrupted_run_deletes_the_cluster_that_it_made(programs, docker, cluster, tmp_path, moment):
    (tmp_path / "some.yaml").write_text("title: t\ngiven: {edge: none, manifests: [token.yml]}\nsteps: [wait: 60s]\n")
    if moment == "while kind makes it":
        programs.say("kind.hangs")
    process = await scenario("run", tmp_path / "some.yaml", "--target", "kind")
    if moment == "while kind makes it":
        async with asyncio.timeout(20):
            while not (programs.home / "creating").exists():  # noqa: ASYNC110 – another process makes it
                await asyncio.sleep(0.01)
    else:
        await until_line(process, "start everything that is given")
        assert programs.clusters() == ["edge-scenarios"]
        assert len(programs.routes()) == 3
    started = below(process.pid)
    process.send_signal(signal.SIGINT)
    code, _, errors = await ended(process)
    assert code == 130, errors
    assert (programs.clusters(), programs.routes(), alive(started)) == ([], {}, set())
    assert "edge-reader" not in names(cluster, "/api/v1/namespaces/default/serviceaccounts")


async def test_an_api_server_is_its_control_planes_node(programs, docker, tmp_path):
    source = find("kind:edge-scenarios")
    target = source()
    await target.open(tmp_path)
    await target.api_server.pause()
    assert docker.containers["id-control-plane"]["State"] == "paused"
    await target.api_server.resume()
    await target.api_server.stop(keep=True)
    await target.close()  # which starts it again
    await source.close()
    assert docker.did() == [f"/containers/id-control-plane/{what}" for what in ("pause", "unpause", "stop", "start")]


@pytest.mark.kubernetes_simulator(pods="none")
async def test_pods_that_cannot_be_reached_are_found_out_before_a_case_begins(
    programs, docker, kubernetes_simulator, tmp_path
):
    kubernetes_simulator.load(DNS)  # it is ready, and nothing listens
    programs.say("administrator", kubernetes_simulator.kubeconfig.read_text())
    source = find("kind")
    target = source()
    with pytest.raises(TargetError, match=r"cannot be reached from here \(127\..*:9153: .*not in a virtual machine"):
        await target.open(tmp_path)
    await target.close()
    await source.close()
    assert programs.clusters() == []
