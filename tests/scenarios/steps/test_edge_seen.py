from pathlib import Path
from types import SimpleNamespace

from scenarios.steps.edge_seen import as_kubernetes, ready_addresses
from scenarios.timeline import Timeline
from scenarios.world import Slice, World


def source(service, *addresses, port=80):
    endpoints = [{"address": address} for address in addresses]
    return {"cluster": "id", "namespace": "default", "service": service, "port": port, "endpoints": endpoints}


def a_world(**offered):
    """What Kubernetes offers by service; all of it is followed."""
    world = World(SimpleNamespace(), Timeline(), Path(), seed=1)
    world.move_in(SimpleNamespace(clusters={"id": "test"}))
    for service, addresses in offered.items():
        world.offered[Slice("test", "default", service, "1")] = set(addresses)
        world.services["test", "default", service] = None
    return world


def test_a_gateway_is_as_kubernetes_when_each_service_has_its_own_addresses():
    world = a_world(a=["1"], b=["2"])
    assert as_kubernetes({"sources": [source("a", "1"), source("b", "2")]}, world)
    assert not as_kubernetes({"sources": [source("a", "2"), source("b", "1")]}, world)
    assert not as_kubernetes({"sources": [source("a", "1")]}, world)
    assert not as_kubernetes({"sources": [source("a", "1"), source("b", "2", "3")]}, world)


def test_the_ports_of_a_service_count_together():
    world = a_world(a=["1"])
    assert as_kubernetes({"sources": [source("a", "1"), source("a", port=81)]}, world)


def test_addresses_that_are_not_ready_do_not_count():
    one = source("a", "1")
    one["endpoints"].append({"address": "2", "ready": False})
    assert ready_addresses({"sources": [one]}) == {"1"}
