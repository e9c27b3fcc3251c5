import pytest

from scenarios.errors import TargetError
from scenarios.targets.kind.nodes import Docker
from scenarios.targets.kind.routes import Routes

WANTED = [("10.245.0.0/24", "172.18.0.2"), ("10.245.1.0/24", "172.18.0.3")]


@pytest.fixture
async def routes(docker, programs):
    client = Docker("edge-scenarios")
    await client.open()
    yield Routes(client, "kindest/node:v1.36.1")
    await client.close()


async def test_a_pod_network_is_routed_to_its_node_until_the_end(routes, programs, docker):
    await routes.add(WANTED)
    assert {network: route.split()[2] for network, route in programs.routes().items()} == dict(WANTED)
    await routes.remove()
    assert programs.routes() == {}
    assert docker.ran == []


async def test_networks_of_both_families_are_routed_and_seen(routes, programs):
    six = ("fd00:1::/64", "fc00::2")
    await routes.add([*WANTED, six])
    assert "fd00:1::/64" in programs.routes()
    await routes.add([six])  # it is there
    assert programs.asked("ip")[-1] == ["-6", "route", "show", "fd00:1::/64"]
    await routes.remove()
    assert programs.routes() == {}


async def test_a_route_that_is_there_is_used_and_left(routes, programs):
    programs.say("routes", '{"10.245.0.0/24": "10.245.0.0/24 via 172.18.0.2 dev br-1 "}')
    await routes.add(WANTED)
    await routes.remove()
    assert list(programs.routes()) == ["10.245.0.0/24"]


async def test_a_route_that_leads_elsewhere_is_said_and_what_was_made_is_removed(routes, programs):
    programs.say("routes", '{"10.245.1.0/24": "10.245.1.0/24 via 192.168.7.1 dev eth0 "}')
    with pytest.raises(
        TargetError, match=r"10\.245\.1\.0/24, to which another route .*via 192\.168\.7\.1.*ip route del"
    ):
        await routes.add(WANTED)
    await routes.remove()
    assert list(programs.routes()) == ["10.245.1.0/24"]


async def test_where_this_process_may_not_a_container_in_the_machines_network_does_it(routes, programs, docker):
    programs.say("ip.denied")
    await routes.add(WANTED[:1])
    await routes.remove()
    route = ["10.245.0.0/24", "via", "172.18.0.2"]
    assert [(image, command) for image, command, _ in docker.ran] == [
        ("kindest/node:v1.36.1", ["ip", "route", "add", *route]),
        ("kindest/node:v1.36.1", ["ip", "route", "del", *route]),
    ]
    assert {(host["NetworkMode"], *host["CapAdd"]) for _, _, host in docker.ran} == {("host", "NET_ADMIN")}
    assert docker.did().count("/containers/once") == 2  # removed


async def test_where_neither_may_it_is_said_with_the_command_that_would(routes, programs, docker):
    programs.say("ip.denied")
    docker.says["/containers/create"] = (403, {"message": "host network is not allowed"})
    with pytest.raises(TargetError, match=r"sudo ip route add 10\.245\.0\.0/24 .*host network is not allowed"):
        await routes.add(WANTED)


async def test_a_route_that_cannot_be_removed_does_not_keep_the_others(routes, programs):
    await routes.add(WANTED)
    programs.say("routes", '{"10.245.0.0/24": ""}')
    with pytest.raises(TargetError, match="No such process"):
        await routes.remove()
    assert programs.routes() == {}
