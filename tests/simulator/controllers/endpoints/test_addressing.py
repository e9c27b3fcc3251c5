"""Which pods are endpoints, on which ports, and since when."""

from __future__ import annotations

from simulator.controllers.endpoints.addressing import Resolver, TriggerTimes, belongs, headless, selects
from simulator.controllers.pods import ContainerPort
from tests.simulator.controllers.pods_for_tests import pod, service


def test_a_pod_belongs_while_it_has_an_address_and_has_not_ended() -> None:
    assert belongs(pod("p1"), include_terminating=False)
    assert not belongs(pod("p1", ip=""), include_terminating=True)
    assert not belongs(pod("p1", phase="Succeeded"), include_terminating=True)
    assert belongs(pod("p1", terminating=True), include_terminating=True)
    assert not belongs(pod("p1", terminating=True), include_terminating=False)


def test_a_named_port_is_the_pods_own_and_one_it_has_not_is_left_out() -> None:
    resolve = Resolver(
        service(ports=[{"name": "a", "port": 80, "targetPort": "web"}, {"name": "b", "port": 81, "protocol": "UDP"}])
    )
    with_it = pod("p1", ports=(ContainerPort(8080, "web"), ContainerPort(9090, "web", "UDP")))
    assert [(port.name, port.protocol, port.port) for port in resolve(with_it)] == [
        ("a", "TCP", 8080),
        ("b", "UDP", 81),
    ]
    assert [port.port for port in resolve(pod("p2", ports=()))] == [81]


def test_only_services_with_a_selector_are_managed() -> None:
    assert selects(service()) == {"app": "a"}
    assert selects(service(selector=None)) is None
    assert selects(service(type="ExternalName")) is None
    assert headless(service(clusterIP="None"))
    assert not headless(service())


def test_the_trigger_is_the_earliest_new_readiness_or_the_services_creation() -> None:
    times, made = TriggerTimes(), "2026-01-01T00:00:05Z"
    first, second = pod("p1", ready_since="2026-01-01T00:00:07Z"), pod("p2", ready_since="2026-01-01T00:00:09Z")
    assert times.change("s", made, []) == made
    assert times.change("s", made, [second, first]) == first.ready_since
    assert times.change("s", made, [first, second]) is None
    times.forget("s")
    assert times.change("s", made, []) == made
