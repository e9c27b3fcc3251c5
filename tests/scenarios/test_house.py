import pytest

from edge.demo.processes import DemoError
from scenarios.errors import StepError
from scenarios.house import House
from scenarios.model import EdgeGiven, KubernetesGiven
from scenarios.targets import Address
from tests.scenarios.fakes import Cluster, Edge

UPSTREAM = "my kubernetes backend"


@pytest.fixture
async def make(tmp_path):
    """Makes an open house of fakes; all of them end with the test."""
    made = []

    async def make(edge=None, happened=lambda: None, **given):
        edge = edge or Edge(Cluster())
        begun = []

        async def begin(command, options, folder, environment):
            begun.append((command, list(options), dict(environment)))
            return await edge.begin(command, options, folder, environment)

        house = House(tmp_path, EdgeGiven(**given), happened, begin)
        made.append((house, edge))
        await house.open()
        await house.start_gateways()
        return house, edge, begun

    yield make
    for house, edge in made:
        await house.close()
        await edge.close()


async def configured(make, edge=None, **given):
    house, edge, _ = await make(edge, **given)
    await house.configure({"test": Address("127.0.0.1", 6443, "t")}, {})
    return house, edge


async def test_the_admin_starts_first_and_gateways_join_with_a_token_no_command_line_shows(make):
    house, _, begun = await make(gateways=2, workers=3)
    assert [command for command, _, _ in begun] == ["admin", "gateway", "gateway"]
    assert list(house.gateways) == ["gateway-1", "gateway-2"]
    for _, options, environment in begun[1:]:
        assert options[options.index("--workers") + 1] == "3"
        assert environment == {"EDGE_GATEWAY_JOIN_TOKEN": "t"}
    assert not any("TOKEN" in option or "PASSWORD" in option for _, options, _ in begun for option in options)


async def test_what_is_given_is_made_with_ids_for_names_and_released(make):
    house, edge = await configured(make)
    assert house.clusters == {"kubernetes-clusters-1": "test"}
    [upstream] = edge._made["applications/applications-1/upstreams"]
    assert upstream["kubernetes"] == [
        {"cluster": "kubernetes-clusters-1", "namespace": "default", "service": "test-hello", "port": 80}
    ]
    [rule] = edge._made["applications/applications-1/rules"]
    assert rule["actions"] == [{"type": "proxy", "upstream": upstream["id"]}]
    [cluster] = edge._made["kubernetes-clusters"]
    assert (cluster["host"], cluster["port"], cluster["ssl_verify"]) == ("127.0.0.1", 6443, False)
    await house.release_all()
    assert edge.versions == 1


async def test_a_release_that_does_not_reach_every_gateway_is_an_error_with_what_was_seen(make):
    class Slow(Edge):
        def applied(self, version):
            return ["gateway-1"]

    house, _ = await configured(make, Slow(Cluster()))
    with pytest.raises(StepError, match=r"expected every gateway synced within 0\.05 s, last seen.*behind"):
        await house.release("", "", 0.05)
    assert await house.release("", "", None) == 2


async def test_names_that_are_not_there_are_answered_with_those_there_are(make):
    house, _ = await configured(make)
    assert (await house.upstream(UPSTREAM))["name"] == UPSTREAM
    assert (await house.upstream(UPSTREAM))["name"] == UPSTREAM  # from where it was found
    with pytest.raises(StepError, match=f"there is no upstream 'other'; there is {UPSTREAM}"):
        await house.upstream("other")
    with pytest.raises(StepError, match="there is no 'other' in applications; there is www"):
        await house.application("other")
    with pytest.raises(StepError, match="expected one of the processes admin, gateway-1, got 'gateway-9'"):
        house.child("gateway-9")
    with pytest.raises(StepError, match="there is no cluster 'moon'; there is test"):
        house.kubernetes(KubernetesGiven(service="a", port=80, cluster="moon"))


async def test_a_process_is_started_again_where_it_was_and_never_twice(make):
    house, _, begun = await make()
    before = dict(house.gateways)
    with pytest.raises(StepError, match="gateway-1 is running already"):
        await house.start_gateway("gateway-1")
    await house.kill("gateway-1")
    await house.start_gateway("gateway-1")
    assert house.gateways == before
    assert begun[-1][1][begun[-1][1].index("--listen") + 1] == before["gateway-1"][0].removeprefix("http://")


async def test_every_event_of_the_admin_is_passed_on(make):
    happened = []
    await make(happened=lambda: happened.append(1))
    assert happened


async def test_closing_ends_every_process_also_when_one_never_started(tmp_path):
    edge = Edge(Cluster())

    async def begin(command, options, folder, environment):
        if command == "gateway":
            raise DemoError("no")
        return await edge.begin(command, options, folder, environment)

    house = House(tmp_path, EdgeGiven(), lambda: None, begin)
    await house.open()
    with pytest.raises(DemoError):
        await house.start_gateways()
    await house.close()
    await edge.close()
    assert [child.running for child in house.children.values()] == [False]


async def test_without_edge_there_is_no_admin_to_ask(tmp_path):
    house = House(tmp_path, EdgeGiven(), lambda: None)
    with pytest.raises(StepError, match=r"given\.edge` is none"):
        _ = house.admin
    await house.close()
