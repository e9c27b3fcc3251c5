import pytest

from edge.gateway import snapshot as snapshots
from edge.gateway.settings import Settings
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
    assert repr(handlers.gate) == "<ConcurrencyLimit 1 in_hand=1>"
    for number in range(20):
        assert not refused(talk, f"10.0.0.{number}")
    assert len(handlers.gate._in_hand) == 1
