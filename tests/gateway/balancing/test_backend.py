import msgspec
from hypothesis import given
from hypothesis import strategies as st

from edge.gateway.balancing.backend import make
from edge.gateway.balancing.pool import Origin, Pool
from edge.gateway.settings import Settings
from edge.model.endpoint import Endpoint
from edge.model.source import Source
from edge.model.upstream import Hash, LeastRequest, Server, Sticky, Upstream, UpstreamTls
from tests.gateway.balancing.asking import Request, busy

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
    backend = make(msgspec.structs.replace(HELLO, panic_threshold=100), endpoints(A, B, C))
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


def replaced(**said):
    return msgspec.structs.replace(HELLO, **said)


def test_in_panic_nobody_is_passed_over():
    failing = pool(A, B)
    backend = make(HELLO, endpoints(A, B, C))
    assert {backend.choose(ANYBODY, failing) for _ in range(3)} == {A, B, C}
    backend = make(HELLO, endpoints(A, B))
    backend.unhealthy = frozenset([A])
    assert {backend.choose(ANYBODY, pool()) for _ in range(4)} == {B}
    backend.unhealthy = frozenset([A, B])
    assert {backend.choose(ANYBODY, pool()) for _ in range(4)} == {A, B}
    calm = make(replaced(panic_threshold=0), endpoints(A, B, C))
    assert {calm.choose(ANYBODY, pool(A)) for _ in range(3)} == {A, B, C}


def test_a_full_endpoint_is_passed_over_and_full_ones_are_never_filled_further():
    backend = make(replaced(max_connections=3), endpoints(A, B), None, Settings(workers=2))
    known = pool()
    busy(known, A, 2)  # a half of 3 for each worker is 2
    busy(known, B, 1)
    assert {backend.choose(ANYBODY, known) for _ in range(3)} == {B}
    assert backend.choose(ANYBODY, known, [B]) is None
    assert "as many requests" in backend.why_none(known)
    busy(known, B, 2)
    assert backend.choose(ANYBODY, known) is None
    assert make(HELLO, endpoints(A)).why_none(known) == ""


def test_limits_hold_for_who_is_brought_back_by_a_cookie_too():
    backend = make(replaced(max_connections=1, balance=Sticky("s")), endpoints(A, B))
    cookie = backend.sticky.cookie(Request(), A).partition(b";")[0].decode()
    asker = Request(f"cookie: {cookie}", pool=pool())
    assert {backend.choose(asker, asker.pool) for _ in range(3)} == {A}
    busy(asker.pool, A, 1)
    assert {backend.choose(asker, asker.pool) for _ in range(3)} == {B}


ZONED = [Endpoint(host, port, zone=zone) for (host, port), zone in ((A, "z1"), (B, "z1"), (C, "z2"))]


def test_endpoints_of_the_gateways_zone_come_first_while_enough_are_healthy():
    preferring = replaced(prefer_zone=True)
    backend = make(preferring, ZONED, None, Settings(zone="z1"))
    assert {backend.choose(ANYBODY, pool()) for _ in range(4)} == {A, B}
    assert backend.choose(ANYBODY, pool(), [A, B]) == C
    failing = pool(A)
    assert {backend.choose(ANYBODY, failing) for _ in range(4)} == {B, C}  # one is not enough for the whole zone
    for elsewhere in (Settings(zone="z2"), Settings(zone="z3"), Settings()):
        spread = make(preferring, ZONED, None, elsewhere)
        assert {spread.choose(ANYBODY, pool()) for _ in range(3)} == {A, B, C}
    one = make(replaced(prefer_zone=True, zone_minimum=1), ZONED, None, Settings(zone="z2"))
    assert {one.choose(ANYBODY, pool()) for _ in range(3)} == {C}
    assert one.with_endpoints(ZONED[:2]).choose(ANYBODY, pool()) in (A, B)
    assert one.with_endpoints(ZONED[:2]).with_endpoints(ZONED).choose(ANYBODY, pool()) == C


def test_only_what_comes_to_a_running_upstream_starts_slowly():
    slow = replaced(slow_start=100)
    asker = Request(pool=pool())

    def share(backend):
        return sum(backend.choose(asker, asker.pool) == C for _ in range(210))

    first = make(slow, endpoints(A, B, C))
    assert share(first) == 70
    more = make(slow, endpoints(A, B)).with_endpoints(endpoints(A, B, C))
    assert 9 <= share(more) <= 11
    assert 9 <= share(more.with_endpoints(endpoints(C, B, A))) <= 12
    assert share(make(HELLO, endpoints(A, B, C), more)) == 70


@given(
    st.lists(st.sampled_from(["z1", "z2", ""]), min_size=1, max_size=6),
    st.sampled_from([None, LeastRequest(), Sticky("s"), Hash("client-address")]),
    st.sets(st.integers(0, 5)),
    st.sets(st.integers(0, 5)),
    st.sets(st.integers(0, 5)),
    st.sets(st.integers(0, 5)),
    st.integers(0, 100),
)
def test_whatever_is_wanted_only_a_target_with_room_that_was_not_tried_is_chosen_and_always_one_if_there_is(
    zones, balance, tried, full, ejected, unhealthy, threshold
):
    addresses = [("10.0.0.1", port) for port in range(len(zones))]
    zoned = not isinstance(balance, Hash)
    said = {"slow_start": 10 if zoned else None, "prefer_zone": zoned, "zone_minimum": 1}
    upstream = replaced(balance=balance, max_connections=2, panic_threshold=threshold, **said)
    all_endpoints = [Endpoint(*address, zone=zone) for address, zone in zip(addresses, zones, strict=True)]
    backend = make(upstream, all_endpoints[:1], None, Settings(zone="z1")).with_endpoints(all_endpoints)
    backend.unhealthy = frozenset(("10.0.0.1", port) for port in unhealthy)
    asker = Request(pool=pool(*(("10.0.0.1", port) for port in ejected)))
    for port in full:
        busy(asker.pool, ("10.0.0.1", port), 2)
    left = [address for address in addresses if address[1] not in tried | full]
    healthy = [address for address in left if address[1] not in ejected | unhealthy]
    for _ in range(4):
        chosen = backend.choose(asker, asker.pool, [("10.0.0.1", port) for port in tried])
        assert (chosen is None) == (not left)
        assert chosen is None or chosen in left
        if threshold == 100 and healthy:
            assert chosen in healthy
