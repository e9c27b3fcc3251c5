"""Pool policy, without a socket."""

from __future__ import annotations

import pytest

from edge.gateway.balancing.pool import Origin, is_kept
from edge.gateway.own_ports import OwnPorts
from edge.gateway.settings import Settings
from edge.gateway.worker import Serving
from tests.gateway.dialogue import Dialogue, Side
from tests.gateway.serving import endpoints, serving

GET = b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
SETTINGS = Settings(ejection_failures=3, ejection_time=5, ejection_time_limit=15)


@pytest.mark.parametrize(
    ("finished", "draining", "retired", "idle", "kept"),
    [
        (True, False, False, 0, True),
        (True, False, False, 2, False),
        (False, False, False, 0, False),
        (True, True, False, 0, False),
        (True, False, True, 0, False),
    ],
)
def test_a_connection_is_kept_only_when_nothing_speaks_against_it(
    finished: bool, draining: bool, retired: bool, idle: int, kept: bool
) -> None:
    origin = Origin(("10.0.0.1", 80))
    origin.retired = retired
    origin.idle = [None] * idle  # type: ignore[list-item]
    assert is_kept(origin, finished=finished, draining=draining, limit=2) is kept


def busy(dialogue: Dialogue, count: int) -> list[tuple[Side, Side]]:
    pairs = []
    for _ in range(count):
        client = dialogue.client()
        client.says(GET)
        pairs.append((client, dialogue.accepts()))
    return pairs


def test_the_newest_idle_connection_is_used_first_and_old_ones_run_out() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), upstream_idle_timeout=10)
    (first, one), (second, two) = busy(dialogue, 2)
    one.says(OK)
    dialogue.wait(1)
    two.says(OK)
    two.hears()
    for _ in range(4):
        dialogue.wait(3)
        first.says(GET)
        assert two.hears()
        two.says(OK)
    assert one.closed
    assert not two.closed
    assert repr(dialogue.path.pool) == "<Pool [<Origin 10.0.0.1:80 idle=1 busy=0 connecting=0>]>"
    assert second.hears()


def test_no_more_idle_connections_are_kept_than_allowed() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), idle_per_endpoint=2)
    pairs = busy(dialogue, 4)
    for _, upstream in pairs:
        upstream.says(OK)
    assert [upstream.closed for _, upstream in pairs] == [False, False, True, True]
    assert dialogue.path.pool.counts() == {"idle": 2, "busy": 0, "connecting": 0}


def test_connections_to_a_vanished_endpoint_are_closed_when_idle() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80", "10.0.0.2:80"))
    (_, idle), (client, working) = busy(dialogue, 2)
    idle.says(OK)
    Serving(dialogue.path, OwnPorts()).apply_source(endpoints("10.0.0.3:80", number=2))
    dialogue.loop.run_ready()
    assert idle.closed
    assert not working.closed
    working.says(OK)
    assert client.hears().startswith(b"HTTP/1.1 200")
    assert working.closed
    assert repr(dialogue.path.pool) == "<Pool []>"
    client.says(GET)
    assert dialogue.connects() == ("10.0.0.3", 80)


def test_an_endpoint_that_comes_back_keeps_its_connections_again() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"))
    ((client, upstream),) = busy(dialogue, 1)
    receiver = Serving(dialogue.path, OwnPorts())
    receiver.apply_source(endpoints(number=2))
    receiver.apply_source(endpoints("10.0.0.1:80", number=3))
    upstream.says(OK)
    assert not upstream.closed
    client.hears()
    client.says(GET)
    assert upstream.hears()


def test_churning_endpoints_leave_nothing_behind() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"))
    receiver = Serving(dialogue.path, OwnPorts())
    client = dialogue.client()
    for number in range(2, 50):
        client.says(GET)
        upstream = dialogue.accepts()
        receiver.apply_source(endpoints(f"10.0.0.{number}:80", number=number))
        upstream.says(OK)
    client.says(GET)
    dialogue.refuses()
    receiver.apply_source(endpoints(number=50))
    assert repr(dialogue.path.pool) == "<Pool []>"
    assert len(dialogue.path.wheel) == 1
