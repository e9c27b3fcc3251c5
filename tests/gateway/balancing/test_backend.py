from edge.gateway.balancing.backend import make
from edge.gateway.balancing.pool import Origin, Pool
from edge.gateway.settings import Settings
from edge.model.endpoint import Endpoint
from edge.model.source import Source
from edge.model.upstream import Server, Upstream, UpstreamTls

A, B, C = (("10.0.0.1", 80), ("10.0.0.2", 80), ("10.0.0.3", 80))
HELLO = Upstream("u1", "hello", sources=(Source("c1", "default", "hello", 80),))
ANYBODY = object()


def endpoints(*addresses):
    return [Endpoint(host, port) for host, port in addresses]


def pool(*failing):
    """A pool to which connecting failed just now."""
    made = Pool(Settings(ejection_failures=1), lambda: 0.0, lambda connection: None)
    for address in failing:
        origin = made._origins[address] = Origin(address)
        made.failed(origin)
    return made


def test_endpoints_are_asked_in_turn():
    backend = make(HELLO, endpoints(A, B))
    assert [backend.choose(ANYBODY, pool()) for _ in range(3)] == [A, B, A]
    assert make(HELLO, ()).choose(ANYBODY, pool()) is None


def test_an_ejected_endpoint_is_passed_over_while_another_was_not_tried():
    backend = make(HELLO, endpoints(A, B, C))
    failing = pool(A, B)
    assert [backend.choose(ANYBODY, failing) for _ in range(3)] == [C, C, C]
    assert backend.choose(ANYBODY, failing, [C]) in (A, B)
    assert backend.choose(ANYBODY, failing, [A, B, C]) is None


def test_new_endpoints_go_on_where_the_last_ones_stopped():
    backend = make(HELLO, endpoints(A, B))
    backend.choose(ANYBODY, pool())
    assert backend.with_endpoints(endpoints(A, B)).choose(ANYBODY, pool()) == B
    assert backend.with_endpoints(endpoints(A, B, C)).choose(ANYBODY, pool()) == C


def test_servers_by_hand_are_asked_by_their_weight_and_as_their_upstream_says():
    upstream = Upstream("u1", "by hand", servers=(Server("a", 80, 2), Server("b", 80)), tls=UpstreamTls(verify=False))
    backend = make(upstream, ())
    assert sorted(backend.choose(ANYBODY, pool())[0] for _ in range(3)) == ["a", "a", "b"]
    assert backend.tls == UpstreamTls(verify=False)
    assert len(backend.targets) == 2
