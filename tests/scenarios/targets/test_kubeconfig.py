import asyncio
import threading

import pytest

from scenarios.errors import StepError, TargetError
from scenarios.running import run_files
from scenarios.targets.kubeconfig import KubeconfigTarget
from simulator.running import RunningSimulator
from simulator.settings import Settings

MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "made"}, "data": {"a": "1"}}
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "made"}}
INSIDE = {**MAP, "metadata": {"name": "inside", "namespace": "made"}}
BINDING = """
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: before},
 roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: kept},
 roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}}
"""
CHANGES = """
title: changes what is somebody's
given: {edge: none}
steps:
- cordon: node-1
- run: {command: ["true"]}
- remove-access: {clusterrolebinding: before}
- remove-access: {clusterrolebinding: kept}
- restore-access: {clusterrolebinding: kept}
"""
PATH = "/api/v1/namespaces/default/configmaps"


@pytest.fixture(scope="module")
def cluster():
    """One for all: its namespaces take 5 s of its time to end, as Kubernetes' do."""
    settings = Settings(listen="127.0.0.1:0", control_listen="127.0.0.1:0", pods="none", time_factor=50)
    with RunningSimulator(settings) as running:
        yield running


@pytest.fixture
async def target(cluster, tmp_path):
    target = KubeconfigTarget(cluster.kubeconfig)
    await target.open(tmp_path)
    yield target
    await target.close()


def names(cluster, path):
    with cluster.httpx_client() as api:
        found = [item["metadata"]["name"] for item in api.get(path).json()["items"]]
        return [name for name in found if name != "kube-root-ca.crt"]  # Kubernetes' own


async def test_it_knows_where_edge_finds_the_cluster_and_has_a_token_that_works(target, cluster):
    address = await target.address()
    assert cluster.url == f"https://{address.host}:{address.port}"
    assert address.ca_certificate == cluster.ca.decode()
    with cluster.httpx_client(address.token) as api:
        assert api.get("/api/v1/services").status_code == 200


async def test_what_the_case_made_is_gone_after_it_and_what_was_there_before_stays(target, cluster, tmp_path):
    cluster.load("{apiVersion: v1, kind: ConfigMap, metadata: {name: before}, data: {a: b}}")
    for document in (MAP, {**MAP, "metadata": {"name": "before"}}, NAMESPACE, INSIDE):
        await target.kubernetes.apply(document)
    await target.kubernetes.delete("configmap", "made")  # by a step of the case: no error
    await target.close()
    assert names(cluster, PATH) == ["before"]
    with cluster.httpx_client() as api:
        api.delete(f"{PATH}/before")
    assert "made" not in names(cluster, "/api/v1/namespaces")


async def test_what_cannot_be_deleted_is_said_and_the_rest_is_deleted(target, cluster):
    await target.kubernetes.apply(MAP)
    await target.kubernetes.apply({**MAP, "metadata": {"name": "kept"}})
    match = {"verb": "delete", "name": "kept"}
    cluster.faults.add({"match": match, "times": 1, "fault": {"type": "status", "code": 500}})
    with pytest.raises(StepError, match="configmaps/kept answered 500"):
        await target.kubernetes.clean_up()
    assert names(cluster, PATH) == ["kept"]
    await target.kubernetes.delete("configmap", "kept")


async def test_what_will_not_go_is_said(target):
    held = {**MAP, "metadata": {"name": "held", "finalizers": ["example.com/held"]}}
    await target.kubernetes.apply(held)
    with pytest.raises(StepError, match=r"configmaps/held was still there after 0\.1 s"):
        await target.kubernetes.clean_up(patience=0.1)
    await target.kubernetes.patch("configmap", "held", {"metadata": {"finalizers": None}})


async def test_what_goes_later_is_waited_for(target):
    held = {**MAP, "metadata": {"name": "held", "finalizers": ["example.com/held"]}}
    await target.kubernetes.apply(held)
    deleting = asyncio.gather(target.kubernetes.clean_up())
    async for event in target.kubernetes.watch(PATH):
        if "deletionTimestamp" in event["object"]["metadata"]:
            break
    await target.kubernetes.patch("configmap", "held", {"metadata": {"finalizers": None}})
    await deleting


async def test_a_watch_brings_what_is_there_and_what_happens(target):
    await target.kubernetes.apply(MAP)
    seen = []
    async for event in target.kubernetes.watch(PATH):
        if event["object"]["metadata"]["name"] == "made":
            seen.append((event["type"], event["object"]["data"]["a"]))
            if len(seen) == 2:
                break
            await target.kubernetes.patch("configmap", "made", {"data": {"a": "2"}})
    assert seen == [("ADDED", "1"), ("MODIFIED", "2")]


async def test_a_silent_watch_that_is_given_up_leaves_no_thread_behind(target):
    async def follow():
        async for _ in target.kubernetes.watch(PATH):
            pass

    following = asyncio.gather(follow())
    for _ in range(200):  # until a thread waits for the watch's first line
        if any(thread.name == "target" for thread in threading.enumerate()):
            break
        await asyncio.sleep(0.01)
    reading = [thread for thread in threading.enumerate() if thread.name == "target"]
    assert all(thread.daemon for thread in reading)  # so the process would not wait for them either
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    for thread in reading:
        await asyncio.get_running_loop().run_in_executor(None, thread.join, 5)
    assert not [thread for thread in reading if thread.is_alive()]


async def test_a_refused_request_says_kubernetes_own_words(target):
    with pytest.raises(StepError, match=r'GET .* answered 404: configmaps "absent" not found'):
        await target.kubernetes.get("configmap", "absent")


async def test_an_api_server_that_is_gone_is_said(target, cluster):
    cluster.stop_server()
    with pytest.raises(StepError, match="got no answer"):
        await target.kubernetes.request("GET", "/version")
    with pytest.raises(StepError, match="broke"):
        await anext(target.kubernetes._follow(PATH, "1"))
    cluster.start_server()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be used"),
        ("a: [", "cannot be used"),
        ("[]", "cannot be used"),
        ("clusters: 1", "cannot be used"),
        ("{apiVersion: v1, kind: Config, clusters: [], contexts: [], users: []}", "cannot be used"),
        (
            "{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a, user: a}}],"
            " clusters: [{name: a, cluster: {server: 'https://127.0.0.1:9'}}], users: [{name: a, user: {token: t}}]}",
            "does not answer",
        ),
    ],
)
async def test_a_kubeconfig_that_cannot_be_used_is_said_with_its_path(tmp_path, text, message):
    path = tmp_path / "some.kubeconfig"
    if text is not None:
        path.write_text(text)
    target = KubeconfigTarget(path)
    with pytest.raises(TargetError, match=f"some.kubeconfig.*{message}|some.kubeconfig {message}"):
        await target.open(tmp_path)
    await target.close()


async def test_what_steps_changed_for_a_while_is_put_back_and_stays_somebodys(cluster, tmp_path):
    cluster.load(BINDING)
    (tmp_path / "some.yaml").write_text(CHANGES)
    assert await run_files([tmp_path / "some.yaml"], f"kubeconfig:{cluster.kubeconfig}", None, 1, 1) == 0
    assert "before" in names(cluster, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings")
    assert "kept" in names(cluster, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings")
    with cluster.httpx_client() as api:
        assert not api.get("/api/v1/nodes/node-1").json()["spec"].get("unschedulable")
