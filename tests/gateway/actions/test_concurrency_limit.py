import pytest

from edge.gateway import snapshot as snapshots
from edge.gateway.settings import Settings
from edge.model.actions import LimitConcurrency
from tests.gateway.actions.acting import dialogue, request
from tests.gateway.dialogue import Dialogue
from tests.gateway.exchanging import OK, body, status
from tests.gateway.serving import PROXY, content

TWO = {"type": "limit-concurrency", "limit": 2}
ONE = {"type": "limit-concurrency", "limit": 1}
UPGRADE = request("GET", "/ws", Connection="Upgrade", Upgrade="websocket")
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def refused(talk, address="192.0.2.7", **headers):
    """Whether one more request is refused; if not, its client leaves again."""
    client = talk.client(address)
    client.says(request(**headers))
    answer = client.hears()
    client.resets()
    if not answer:
        talk.connecting.clear()
    return answer != b""


def test_so_many_may_be_in_hand_and_the_next_when_one_is_answered():
    talk = dialogue(TWO)
    clients = [talk.client() for _ in range(3)]
    for client in clients:
        client.says(request())
    pods = [talk.accepts(), talk.accepts()]
    answer = clients[2].hears()
    assert (status(answer), body(answer)) == (503, b"too many requests at once\n")
    assert talk.path.counters.limited == {"a1": {"concurrency": 1}}
    pods[0].says(OK[:-1])
    assert refused(talk), "its answer is not whole yet"
    pods[0].says(OK[-1:])
    clients[2].says(request())
    pods[0].says(OK)
    assert status(clients[2].hears()) == 200


@pytest.mark.parametrize("end", ["client leaves", "endpoint fails", "endpoint refuses", "too slow", "bad body"])
def test_its_place_is_given_back_however_a_request_ends(end):
    talk = dialogue(ONE, response_timeout=5)
    client = talk.client()
    client.says(request(Transfer_Encoding="chunked") if end == "bad body" else request())
    if end == "endpoint refuses":
        talk.refuses()
    else:
        pod = talk.accepts()
        assert refused(talk)
    if end == "client leaves":
        client.resets()
    elif end == "endpoint fails":
        pod.says(b"nonsense\r\n\r\n")
    elif end == "too slow":
        talk.wait(6)
    elif end == "bad body":
        client.says(b"nonsense\r\n")
    assert not refused(talk)


def test_a_websocket_counts_until_it_ends():
    talk = dialogue(ONE)
    client = talk.client()
    client.says(UPGRADE)
    pod = talk.accepts()
    pod.says(SWITCHING)
    assert status(client.hears()) == 101
    talk.wait(600)
    assert refused(talk)
    client.says(b"bye")
    client.resets()
    assert pod.closed
    assert not refused(talk)


def test_clients_and_keys_are_counted_each_for_itself():
    talk = dialogue({**ONE, "key": "${client-address} ${header.x-key}", "status": 429})
    client = talk.client()
    client.says(request(X_Key="a"))
    assert refused(talk, X_Key="a")
    assert not refused(talk, X_Key="b")
    assert not refused(talk, "192.0.2.8", X_Key="a")


def test_each_worker_takes_its_share_rounded_up():
    rules = [{"actions": [{**ONE, "limit": 3}, PROXY]}]
    talk = Dialogue(snapshots.build(None, content("10.0.0.1:80", rules=rules), Settings(workers=2))[0])
    for _ in range(2):
        talk.client().says(request())
    assert refused(talk)


def test_nothing_is_kept_of_keys_without_requests():
    talk = dialogue(ONE)
    (handlers,) = talk.path.snapshot.applications["a1"].handlers.values()
    talk.client().says(request())
    assert repr(handlers.gate) == "<ConcurrencyLimit 1 in_hand=1 waiting=0>"
    for number in range(20):
        assert not refused(talk, f"10.0.0.{number}")
    assert len(handlers.gate._in_hand) == 1


QUEUED = {**ONE, "queue": 2}


def queued():
    """A gateway whose one place is taken by the first client, and two more clients that wait."""
    talk = dialogue(QUEUED)
    clients = [talk.client() for _ in range(3)]
    for client in clients:
        client.says(request())
    return talk, clients, talk.accepts()


def gate(talk):
    return talk.path.snapshot.applications["a1"].handlers[("r0", LimitConcurrency(1, queue=2))].gate


def test_some_wait_for_a_place_in_their_order_and_others_are_refused():
    talk, clients, pod = queued()
    assert refused(talk)
    assert not talk.connecting
    for client, number in zip(clients, (1, 0, 0), strict=True):
        pod.says(OK)
        assert status(client.hears()) == 200
        assert not talk.connecting, "the connection is used again"
        assert repr(gate(talk)) == f"<ConcurrencyLimit 1 in_hand={0 if client is clients[2] else 1} waiting={number}>"
    assert talk.path.counters.limited == {"a1": {"delayed": 2, "concurrency": 1}}


def test_who_waits_for_too_long_is_refused():
    talk, clients, pod = queued()
    talk.wait(29)
    assert clients[1].hears() == b""
    talk.wait(2)
    assert [status(client.hears()) for client in clients[1:]] == [503, 503]
    pod.says(OK)
    assert status(clients[0].hears()) == 200
    assert repr(gate(talk)) == "<ConcurrencyLimit 1 in_hand=0 waiting=0>"


def test_one_who_leaves_while_it_waits_takes_no_place():
    talk, clients, pod = queued()
    clients[1].resets()
    pod.says(OK)
    pod.says(OK)
    assert status(clients[2].hears()) == 200
    assert repr(gate(talk)) == "<ConcurrencyLimit 1 in_hand=0 waiting=0>"


def test_one_who_leaves_between_its_place_and_going_on_gives_the_place_to_the_next():
    talk, clients, pod = queued()
    pod.transport.protocol.data_received(OK)  # the loop has no turn yet
    clients[1].transport.lose()
    talk.loop.run_ready()
    pod.says(OK)
    assert status(clients[2].hears()) == 200
    assert repr(gate(talk)) == "<ConcurrencyLimit 1 in_hand=0 waiting=0>"


def test_a_newcomer_does_not_overtake_who_waits():
    talk, clients, pod = queued()
    newcomer = talk.client()
    pod.transport.protocol.data_received(OK)
    newcomer.transport.protocol.data_received(request())
    talk.loop.run_ready()
    assert newcomer.hears() == b""
    for client in (*clients[1:], newcomer):
        pod.says(OK)
        assert status(client.hears()) == 200


def test_a_long_queue_that_is_answered_at_once_passes_without_deep_calls():
    talk = dialogue({**ONE, "queue": 1000}, {"type": "limit-rate", "rate": 1, "per": "hour", "key": "all"})
    clients = [talk.client() for _ in range(1000)]
    for client in clients:
        client.says(request())
    talk.accepts().says(OK)
    assert [status(client.hears()) for client in clients] == [200, *([429] * 999)]
