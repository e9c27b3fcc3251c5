import pytest

from scenarios.errors import TargetError
from scenarios.targets.kind.cluster import KindCluster, routes_to


async def test_a_cluster_that_is_missing_is_made_once_and_deleted_at_the_end(programs, docker):
    cluster = KindCluster()
    await cluster.open()
    await cluster.open()  # the second case's
    assert programs.clusters() == ["edge-scenarios"]
    kubeconfig = cluster.kubeconfig
    assert kubeconfig.exists()
    await cluster.close()
    assert programs.clusters() == []
    assert not kubeconfig.exists()
    assert [" ".join(line[:2]) for line in programs.asked("kind")] == [
        "get clusters",
        "create cluster",
        "delete cluster",
    ]


async def test_a_cluster_that_was_there_is_used_and_left(programs, docker):
    programs.say("clusters", "mine")
    cluster = KindCluster("mine")
    await cluster.open()
    await cluster.close()
    assert programs.clusters() == ["mine"]
    assert [line[0] for line in programs.asked("kind")] == ["get", "export"]


async def test_a_cluster_that_was_never_opened_has_nothing_to_close(programs):
    await KindCluster().close()
    assert programs.asked("kind") == []


async def test_a_node_that_does_not_run_is_said_with_what_to_do(programs, docker):
    docker.containers["id-worker"]["State"] = "exited"
    cluster = KindCluster()
    await cluster.open()
    with pytest.raises(TargetError, match="edge-scenarios-worker of the kind cluster edge-scenarios is exited"):
        await cluster.nodes()
    await cluster.close()


async def test_a_cluster_of_another_docker_is_said(programs, docker):
    programs.say("clusters", "mine")
    cluster = KindCluster("mine")
    await cluster.open()
    with pytest.raises(TargetError, match="Docker has no container of the kind cluster mine"):
        await cluster.nodes()
    await cluster.close()


async def test_one_that_cannot_be_deleted_is_said(programs, docker):
    cluster = KindCluster()
    await cluster.open()
    programs.say("kind.fails", "delete")
    with pytest.raises(TargetError, match="failed to delete cluster"):
        await cluster.close()


@pytest.mark.parametrize("name", ["", "Two Words", "a/b", "-x;"])
def test_a_name_that_kind_would_refuse_is_refused(name):
    with pytest.raises(TargetError, match="expected a kind cluster's name"):
        KindCluster(name)


def test_every_pod_network_is_routed_to_its_nodes_address_of_the_same_family():
    nodes = [
        {"metadata": {"name": "a"}, "spec": {"podCIDR": "10.245.0.0/24", "podCIDRs": ["10.245.0.0/24", "fd00:1::/64"]}},
        {"metadata": {"name": "b"}, "spec": {"podCIDR": "10.245.1.0/24"}},
        {"metadata": {"name": "c"}, "spec": {}},  # not given one yet
        {"metadata": {"name": "stranger"}, "spec": {"podCIDR": "10.245.2.0/24"}},
    ]
    addresses = {"a": ("172.18.0.2", "fc00::2"), "b": ("172.18.0.3", ""), "c": ("172.18.0.4", "")}
    assert routes_to(nodes, addresses) == [
        ("10.245.0.0/24", "172.18.0.2"),
        ("fd00:1::/64", "fc00::2"),
        ("10.245.1.0/24", "172.18.0.3"),
    ]
