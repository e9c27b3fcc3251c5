from pathlib import Path
from types import SimpleNamespace

import pytest

from scenarios.errors import StepError
from scenarios.timeline import Timeline
from scenarios.world import Slice, World, at


def a_world():
    world = World(SimpleNamespace(name="first"), Timeline(), Path(), seed=1)
    world.targets["second"] = SimpleNamespace(name="second")
    return world


def test_a_world_is_seen_from_each_cluster_with_what_was_done_there_and_the_rest_in_common():
    world = a_world()
    second = world.at("second")
    assert (world.at(""), world.at("test"), second.at("test"), world.at("second")) == (world, world, world, second)
    assert (second.target.name, second.cluster) == ("second", "second")
    second.faults["dark"] = "fault-1"
    assert world.faults == {}
    world.pods_ended["pod"] = 1.0
    assert second.pods_ended == {"pod": 1.0}
    with pytest.raises(StepError, match="expected one of the clusters test, second, got 'third'"):
        world.at("third")


def test_the_addresses_that_kubernetes_offers_are_those_of_the_services_that_are_asked_for():
    world = a_world()
    for cluster in ("test", "second"):
        for service in ("a", "b"):
            world.offered[Slice(cluster, "default", service, "1")] = {f"{cluster}-{service}"}
    world.services = {("test", "default", "a"): None, ("second", "default", "b"): None}
    assert world.ready_addresses() == {"test-a", "second-b"}
    assert world.ready_addresses([("second", "default", "a")]) == {"second-a"}
    assert world.ready_addresses([]) == set()


@pytest.mark.parametrize(
    ("path", "value"),
    [("spec.ports[0].port", 80), ("spec.ports[-1].port", 81), ("spec.ports[2].port", None), ("spec.x.y", None)],
)
def test_a_path_leads_to_a_value_or_to_nothing(path, value):
    assert at({"spec": {"ports": [{"port": 80}, {"port": 81}]}}, path) == value
