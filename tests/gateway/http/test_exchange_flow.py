"""Rules at work, back-pressure, tunnels, and what an exchange counts."""

from __future__ import annotations

import re
from pathlib import Path

from edge.gateway.actions.passage import Passage
from edge.gateway.http import exchange as exchanges
from edge.gateway.http.forwarding import Forwarding
from edge.gateway.telemetry.tally import total
from tests.gateway.dialogue import Dialogue
from tests.gateway.exchanging import GET, OK, body, field, start, status
from tests.gateway.serving import PROXY, counted, serving


def test_a_redirect_and_a_fixed_answer_need_no_endpoint() -> None:
    rules = [
        {
            "conditions": [{"variable": "path", "operator": "equals", "values": ["/old"]}],
            "actions": [{"type": "redirect", "url": "https://${host}/new", "status": 301}],
        },
        {
            "actions": [
                {"type": "set-response-header", "name": "X-Rule", "value": "${request-id}"},
                {"type": "respond", "status": 418, "body": "no coffee", "content_type": "text/html"},
            ]
        },
    ]
    dialogue = Dialogue(serving(rules=rules))
    client = dialogue.client()
    client.says(GET.replace(b"/a", b"/old"))
    answer = client.hears()
    assert (status(answer), field(answer, b"location")) == (301, b"https://www.example.com/new")
    client.says(GET)
    answer = client.hears()
    assert (status(answer), body(answer), field(answer, b"content-type")) == (418, b"no coffee", b"text/html")
    assert field(answer, b"x-rule") == field(answer, b"x-request-id")
    client.says(GET.replace(b"GET", b"HEAD"))
    answer = client.hears()
    assert (field(answer, b"content-length"), body(answer)) == (b"9", b"")


def test_rules_rewrite_the_path_and_edit_the_headers_of_both_directions() -> None:
    rules = [
        {
            "actions": [
                {"type": "rewrite-path", "prefix": "/a", "with": "/b"},
                {"type": "set-request-header", "name": "X-Client", "value": "${client-address}"},
                {"type": "remove-request-header", "name": "Cookie"},
                {"type": "set-response-header", "name": "Server", "value": "edge"},
                {"type": "remove-response-header", "name": "X-Powered-By"},
                PROXY,
            ]
        }
    ]
    dialogue = Dialogue(serving("10.0.0.1:80", rules=rules))
    client = dialogue.client()
    client.says(GET[:-2] + b"Cookie: a=b\r\nX-Client: forged\r\n\r\n")
    upstream = dialogue.accepts()
    request = upstream.hears()
    assert request.startswith(b"GET /b?b=c HTTP/1.1\r\n")
    assert field(request, b"x-client") == b"192.0.2.7"
    assert field(request, b"cookie") is None
    upstream.says(b"HTTP/1.1 200 OK\r\nServer: nginx\r\nX-Powered-By: x\r\nContent-Length: 0\r\n\r\n")
    answer = client.hears()
    assert field(answer, b"server") == b"edge"
    assert field(answer, b"x-powered-by") is None


def test_a_client_that_goes_takes_its_request_along() -> None:
    dialogue, client, upstream = start()
    client.resets()
    assert upstream.transport.aborted
    assert counted(dialogue.path) == {"a1": {"u1": [0, 0, 0, 1, 0]}}


def test_a_connection_opened_for_a_client_that_has_gone_waits_for_the_next() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"))
    client = dialogue.client()
    client.says(GET)
    client.resets()
    upstream = dialogue.accepts()
    assert upstream.hears() == b""
    other = dialogue.client()
    other.says(GET)
    assert dialogue.connecting == []
    assert upstream.hears() != b""


def test_a_full_client_makes_the_endpoint_wait() -> None:
    dialogue, client, upstream = start(response_timeout=5, send_timeout=60)
    upstream.says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    client.stops_taking()
    assert upstream.transport.paused
    dialogue.wait(20)
    assert not client.closed
    client.takes_again()
    assert not upstream.transport.paused
    upstream.says(b"world")
    assert body(client.hears()) == b"helloworld"


def test_a_client_whom_hints_have_filled_makes_the_endpoint_wait_too() -> None:
    """The transport says once that it is full, and then there is nobody yet who could be told to wait."""
    _, client, upstream = start(buffer_limit=100)
    client.transport.room = 10
    upstream.says(b"HTTP/1.1 103 Early Hints\r\nLink: <%b>\r\n\r\n" % (b"a" * 200))
    upstream.says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    assert upstream.transport.paused
    client.takes_again()
    assert not upstream.transport.paused
    upstream.says(b"world")
    assert body(client.hears()).endswith(b"helloworld")


def test_a_client_that_takes_nothing_for_too_long_is_cut() -> None:
    dialogue, client, upstream = start(send_timeout=5)
    upstream.says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    client.stops_taking()
    dialogue.wait(5.1)
    assert client.transport.aborted
    assert upstream.closed


def test_a_full_endpoint_makes_the_client_wait() -> None:
    _, client, upstream = start(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 10\r\n\r\nhello")
    upstream.stops_taking()
    assert client.transport.paused
    upstream.takes_again()
    assert not client.transport.paused
    client.says(b"world")
    assert upstream.hears().endswith(b"helloworld")


def test_a_body_is_not_read_without_bound_while_there_is_no_connection() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), buffer_limit=1000, replay_limit=1000)
    client = dialogue.client()
    client.says(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 3000\r\n\r\n" + b"a" * 900)
    assert not client.transport.paused
    client.says(b"a" * 900)
    assert client.transport.paused
    upstream = dialogue.accepts()
    assert not client.transport.paused
    client.says(b"a" * 1200)
    assert len(body(upstream.hears())) == 3000


def test_a_held_body_that_fills_the_new_connection_is_not_added_to() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"), buffer_limit=1000, replay_limit=1000)
    client = dialogue.client()
    client.says(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 9000\r\n\r\n" + b"a" * 3000)
    upstream = dialogue.accepts(room=500)
    assert client.transport.paused
    upstream.takes_again()
    assert not client.transport.paused


def test_an_answer_while_the_endpoint_was_full_lets_the_client_be_read_again() -> None:
    dialogue, client, upstream = start(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 5\r\n\r\nhello")
    upstream.stops_taking()
    upstream.says(OK)
    assert status(client.hears()) == 200
    client.says(GET)
    assert dialogue.connecting == []


WEBSOCKET = (
    b"GET /ws HTTP/1.1\r\nHost: www.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: y\r\n\r\n"
)


def test_a_websocket_is_a_tunnel_after_the_endpoints_101() -> None:
    dialogue, client, upstream = start(WEBSOCKET)
    request = upstream.hears()
    assert (field(request, b"connection"), field(request, b"upgrade")) == (b"upgrade", b"websocket")
    assert field(request, b"sec-websocket-key") == b"x"
    upstream.says(SWITCHING + b"\x81\x02hi")
    answer = client.hears()
    assert status(answer) == 101
    assert field(answer, b"sec-websocket-accept") == b"y"
    assert body(answer) == b"\x81\x02hi"
    client.says(b"\x81\x00GET / HTTP/1.1\r\n\r\n")
    assert upstream.hears() == b"\x81\x00GET / HTTP/1.1\r\n\r\n"
    assert len(dialogue.path.tunnels) == 1
    client.ends()
    assert upstream.transport.eof_written
    upstream.says(b"bye")
    assert client.hears() == b"bye"
    upstream.ends()
    assert client.closed
    assert upstream.closed
    assert dialogue.path.tunnels == {}
    assert dialogue.path.connections == {}


def test_a_websocket_that_the_endpoint_refuses_is_an_ordinary_answer() -> None:
    _, client, upstream = start(WEBSOCKET)
    upstream.says(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    assert status(client.hears()) == 403
    upstream.hears()
    client.says(GET)
    assert upstream.hears().startswith(b"GET /a")


def test_a_tunnel_passes_back_pressure_on_and_ends_after_long_silence() -> None:
    dialogue, client, upstream = start(WEBSOCKET, tunnel_timeout=100)
    upstream.says(SWITCHING)
    client.stops_taking()
    assert upstream.transport.paused
    client.takes_again()
    assert not upstream.transport.paused
    dialogue.wait(99)
    upstream.says(b"x")
    dialogue.wait(99)
    assert not client.closed
    dialogue.wait(2)
    assert client.closed
    assert upstream.closed


def test_a_websocket_whose_client_hints_have_filled_makes_the_endpoint_wait() -> None:
    _, client, upstream = start(WEBSOCKET, buffer_limit=100)
    client.transport.room = 10
    upstream.says(b"HTTP/1.1 103 Early Hints\r\nLink: <%b>\r\n\r\n" % (b"a" * 200) + SWITCHING)
    assert upstream.transport.paused
    client.takes_again()
    assert not upstream.transport.paused


def test_requests_are_counted_by_application_upstream_and_class() -> None:
    dialogue, client, upstream = start()
    upstream.says(OK)
    client.says(GET.replace(b"www", b"no"))
    client.says(b"bad\r\n\r\n")
    assert counted(dialogue.path) == {"a1": {"u1": [0, 1, 0, 0, 0]}, "": {"": [0, 0, 0, 2, 0]}}
    assert total(dialogue.path.counters.traffic.tallies()[""][""]).requests == 2


def test_many_requests_on_a_connection_make_no_timer() -> None:
    dialogue, client, upstream = start()
    upstream.says(OK)
    made = dialogue.loop.timers_made
    for _ in range(100):
        client.says(GET)
        upstream.says(OK)
    assert dialogue.loop.timers_made == made


def test_an_exchange_keeps_the_snapshot_it_started_with() -> None:
    dialogue, client, upstream = start(GET, "10.0.0.1:80", "10.0.0.2:80")
    dialogue.path.snapshot = serving(rules=[])
    upstream.resets()
    assert dialogue.connects() == ("10.0.0.2", 80)
    dialogue.accepts().says(OK)
    assert status(client.hears()) == 200
    client.says(GET)
    assert status(client.hears()) == 404


def test_the_phase_chart_names_the_methods() -> None:
    chart = (Path(__file__).parents[3] / "docs" / "gateway.md").read_text().split("```mermaid")[1].split("```")[0]
    words = "connect|connected|proceed|answer|respond|finish|log|abandon|refuse|tunnel"
    nodes = set(re.findall(rf"\b[a-z]+_[a-z_]+\b|\b(?:{words})\b", chart))
    assert len(nodes) >= 15
    classes = (exchanges.Exchange, Forwarding, Passage)
    assert [node for node in sorted(nodes) if not any(callable(getattr(each, node, None)) for each in classes)] == []
