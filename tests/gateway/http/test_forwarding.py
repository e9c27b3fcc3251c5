"""Which endpoint a request goes to, when its upstream says more than: the next in turn."""

from __future__ import annotations

from edge.gateway.snapshot import with_source
from edge.model import Endpoint, Revision, SourceState
from tests.gateway.dialogue import Dialogue, Side
from tests.gateway.exchanging import GET, OK, field, status
from tests.gateway.serving import SOURCE, serving

STICKY = {"balance": {"type": "sticky", "cookie": "session"}}
A, B, C = "10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"
UPGRADE = (
    GET[:-2] + b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\nSec-WebSocket-Version: 13\r\n"
)
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"


def with_cookie(cookie: bytes | None, request: bytes = GET) -> bytes:
    return request if cookie is None else request[:-2] + b"Cookie: a=b; %b\r\n\r\n" % cookie


def ask(dialogue: Dialogue, request: bytes) -> tuple[str, bytes]:
    """Which endpoint is asked on a new connection, and what the client hears."""
    client = dialogue.client()
    client.says(request)
    host, port = dialogue.connects()
    dialogue.accepts().says(OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n", 1))
    return f"{host}:{port}", client.hears()


def bound(answer: bytes) -> bytes | None:
    """The cookie that an answer sets, as the client sends it."""
    cookie = field(answer, b"set-cookie")
    return None if cookie is None else cookie.partition(b";")[0]


def change(dialogue: Dialogue, number: int, *endpoints: Endpoint) -> None:
    state = SourceState(SOURCE, Revision(1, number), endpoints)
    dialogue.path.snapshot = with_source(dialogue.path.snapshot, state)


def at(address: str, **conditions: bool) -> Endpoint:
    host, _, port = address.rpartition(":")
    return Endpoint(host, int(port), **conditions)


def test_clients_return_to_their_endpoint_and_are_told_once() -> None:
    dialogue = Dialogue(serving(A, B, C, chosen=STICKY))
    clients = {}
    for _ in range(3):
        address, answer = ask(dialogue, GET)
        clients[address] = bound(answer)
    assert sorted(clients) == [A, B, C]
    for address, cookie in [*clients.items()] * 2:
        again, answer = ask(dialogue, with_cookie(cookie))
        assert (again, bound(answer)) == (address, None)


def test_a_terminating_endpoint_keeps_its_clients_while_it_serves_and_gets_no_others() -> None:
    dialogue = Dialogue(serving(A, chosen=STICKY))
    _, answer = ask(dialogue, GET)
    cookie = bound(answer)
    change(dialogue, 2, at(A, ready=False, terminating=True), at(B))
    assert {ask(dialogue, GET)[0] for _ in range(3)} == {B}
    assert {ask(dialogue, with_cookie(cookie))[0] for _ in range(3)} == {A}
    change(dialogue, 3, at(A, ready=False, serving=False, terminating=True), at(B))
    address, answer = ask(dialogue, with_cookie(cookie))
    assert (address, bound(answer)) == (B, bound(ask(dialogue, GET)[1]))


def test_clients_stay_where_they_are_while_the_service_scales() -> None:
    dialogue = Dialogue(serving(A, chosen=STICKY))
    pods = [at(f"10.0.0.{number}:80") for number in range(1, 7)]
    leaving = [at(f"10.0.0.{number}:80", ready=False, terminating=True) for number in range(3, 7)]
    clients = []
    for number, scaled in enumerate(([*pods[:3]], pods, [*pods[:2], *leaving], pods[:2]), 2):
        change(dialogue, number, *scaled)
        serving_now = {f"{pod.address}:{pod.port}" for pod in scaled}
        for address, cookie in clients:
            again, answer = ask(dialogue, with_cookie(cookie))
            assert (again == address and bound(answer) is None) or address not in serving_now
        came = [ask(dialogue, GET) for _ in range(6)]
        assert {address for address, _ in came} <= {f"{pod.address}:{pod.port}" for pod in scaled if pod.ready}
        clients += [(address, bound(answer)) for address, answer in came]


def test_a_client_whose_endpoint_refuses_goes_to_another_and_stays_there() -> None:
    dialogue = Dialogue(serving(A, B, chosen=STICKY))
    first, answer = ask(dialogue, GET)
    client = dialogue.client()
    client.says(with_cookie(bound(answer)))
    dialogue.refuses()
    host, port = dialogue.connects()
    assert f"{host}:{port}" != first
    dialogue.accepts().says(OK)
    cookie = bound(client.hears())
    assert cookie not in (None, bound(answer))


def test_a_websocket_is_bound_with_its_101_and_goes_on_when_its_endpoint_leaves() -> None:
    dialogue = Dialogue(serving(A, chosen=STICKY))
    client = dialogue.client()
    client.says(UPGRADE + b"\r\n")
    endpoint = dialogue.accepts()
    endpoint.hears()
    endpoint.says(SWITCH)
    assert bound(client.hears()) is not None
    change(dialogue, 2, at(B))
    echo(client, endpoint)


def echo(client: Side, endpoint: Side) -> None:
    client.says(b"ping")
    assert endpoint.hears() == b"ping"
    endpoint.says(b"pong")
    assert client.hears() == b"pong"


def test_a_hash_sends_equal_keys_to_one_endpoint() -> None:
    dialogue = Dialogue(serving(A, B, C, chosen={"balance": {"type": "hash", "by": "header", "name": "X-User"}}))
    users = [GET[:-2] + b"X-User: %d\r\n\r\n" % number for number in range(20)]
    places = [ask(dialogue, user)[0] for user in users]
    assert places == [ask(dialogue, user)[0] for user in users]
    assert set(places) == {A, B, C}
    assert {ask(dialogue, GET)[0] for _ in range(3)} == {A, B, C}


def test_least_request_avoids_the_endpoint_whose_requests_do_not_end() -> None:
    dialogue = Dialogue(serving(A, B, chosen={"balance": {"type": "least-request"}}))
    slow = dialogue.client()
    slow.says(GET)
    host, port = dialogue.connects()
    dialogue.accepts()
    assert f"{host}:{port}" not in {ask(dialogue, GET)[0] for _ in range(10)}
    assert status(ask(dialogue, GET)[1]) == 200


def test_an_endpoint_that_is_full_is_left_alone_until_a_request_or_a_websocket_ends() -> None:
    dialogue = Dialogue(serving(A, chosen={"max_connections": 1}))
    client = dialogue.client()
    client.says(UPGRADE + b"\r\n")
    endpoint = dialogue.accepts()
    endpoint.says(SWITCH)
    other = dialogue.client()
    other.says(GET)
    answer = other.hears()
    assert status(answer) == 503
    assert b"as many requests in hand as it may have" in answer
    client.ends()
    endpoint.ends()
    assert ask(dialogue, GET)[0] == A
    third = dialogue.client()
    third.says(GET)
    dialogue.accepts()
    other = dialogue.client()
    other.says(GET)
    assert status(other.hears()) == 503
    third.resets()
    assert ask(dialogue, GET)[0] == A
    assert dialogue.path.pool.open_requests(("10.0.0.1", 80)) == 0
