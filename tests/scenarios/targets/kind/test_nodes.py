import sys

import pytest

from scenarios.errors import StepError, TargetError
from scenarios.targets.kind.nodes import Docker, Nodes


@pytest.fixture
async def client(docker):
    client = Docker("edge-scenarios")
    await client.open()
    yield client
    await client.close()


@pytest.fixture
async def nodes(client):
    return Nodes("edge-scenarios", client, await client.nodes())


async def test_nodes_are_the_containers_with_the_label_of_kind_and_the_clusters_name(docker, client):
    docker.containers["id-worker"]["Labels"]["io.x-k8s.kind.cluster"] = "another"
    found = await client.nodes()
    assert [(node.name, node.role, node.state, node.network, node.addresses) for node in found] == [
        ("edge-scenarios-control-plane", "control-plane", "running", "kind", ("172.18.0.2", "")),
        ("edge-scenarios-worker2", "worker", "running", "kind", ("172.18.0.4", "")),
    ]


async def test_a_node_is_paused_and_goes_on(docker, nodes):
    await nodes.pause("worker")
    assert docker.containers["id-worker"]["State"] == "paused"
    assert nodes.changed("paused") == ["edge-scenarios-worker"]
    await nodes.resume("edge-scenarios-worker")  # both names are understood
    assert docker.did() == ["/containers/id-worker/pause", "/containers/id-worker/unpause"]
    assert nodes.changed("paused") == []


async def test_a_node_is_stopped_and_started(docker, nodes):
    await nodes.stop("control-plane")
    assert docker.containers["id-control-plane"]["State"] == "exited"
    await nodes.start("control-plane")
    assert docker.containers["id-control-plane"]["State"] == "running"


async def test_a_node_that_is_cut_off_comes_back_with_the_address_it_had(docker, nodes):
    await nodes.cut("worker")
    assert docker.containers["id-worker"]["NetworkSettings"]["Networks"] == {}
    await nodes.join("worker")
    (_, _, left), (_, _, came) = [request for request in docker.requests if request[1].startswith("/networks/")]
    assert (left["Container"], left["Force"]) == ("id-worker", True)
    assert came["EndpointConfig"]["IPAMConfig"] == {"IPv4Address": "172.18.0.3"}


async def test_where_docker_gives_addresses_itself_the_same_one_is_fine_and_another_is_said(docker, nodes):
    docker.takes_addresses = False
    await nodes.cut("worker")
    await nodes.join("worker")
    docker.gives = "172.18.0.9"
    await nodes.cut("worker")
    with pytest.raises(StepError, match=r"edge-scenarios-worker came back as 172\.18\.0\.9 instead of 172\.18\.0\.3"):
        await nodes.join("worker")


async def test_what_is_not_undone_is_undone_in_reverse(docker, nodes):
    await nodes.cut("worker")
    await nodes.pause("worker")
    await nodes.stop("worker2")
    assert await nodes.restore()
    assert docker.did()[3:] == [
        "/containers/id-worker2/start",
        "/containers/id-worker/unpause",
        "/networks/kind/connect",
    ]
    assert not await nodes.restore()


async def test_one_that_cannot_be_undone_does_not_keep_the_others(docker, nodes):
    await nodes.pause("worker")
    await nodes.pause("worker2")
    docker.says["/containers/id-worker2/unpause"] = (500, {"message": "no space left"})
    with pytest.raises(StepError, match="Docker did not resume edge-scenarios-worker2: no space left"):
        await nodes.restore()
    assert docker.containers["id-worker"]["State"] == "running"


async def test_a_node_that_is_not_there_is_said_with_those_that_are(nodes):
    with pytest.raises(StepError, match="expected one of the nodes control-plane, worker, worker2, got 'worker3'"):
        await nodes.pause("worker3")


async def test_what_docker_refuses_is_said_in_its_words(nodes):
    await nodes.pause("worker")
    with pytest.raises(StepError, match="Docker did not pause edge-scenarios-worker: container id-worker is paused"):
        await nodes.pause("worker")


async def test_no_daemon_is_a_target_that_cannot_be_used(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")  # the SDK forgets to close a Unix socket that is refused
    with pytest.raises(TargetError, match="needs Docker, which does not answer: start it"):
        await Docker("edge-scenarios").open()


async def test_no_sdk_is_a_target_that_cannot_be_used(monkeypatch):
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(TargetError, match=r"pip install 'edge\[scenarios\]'"):
        await Docker("edge-scenarios").open()
