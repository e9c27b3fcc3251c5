"""Tunnels, side by side."""

from __future__ import annotations

from edge.gateway.http.tunnel import Tunnel
from tests.gateway.dialogue import Dialogue, FakeTransport, Side
from tests.gateway.serving import serving


def tunnel() -> tuple[Dialogue, Tunnel, Side, Side, list[int]]:
    dialogue = Dialogue(serving(), tunnel_timeout=10)
    sent: list[int] = []
    joined = Tunnel(dialogue.path, sent.append)
    client = FakeTransport(dialogue.loop, None, ("192.0.2.7", 1))
    endpoint = FakeTransport(dialogue.loop, None, ("10.0.0.1", 80))
    joined.join(client, endpoint, b"early", b"held")
    return dialogue, joined, Side(dialogue.loop, client), Side(dialogue.loop, endpoint), sent


def test_what_was_read_before_is_passed_first() -> None:
    _, _, client, endpoint, _ = tunnel()
    assert (client.hears(), endpoint.hears()) == (b"early", b"held")


def test_one_side_lost_closes_the_other_and_is_told_once() -> None:
    dialogue, _, client, endpoint, sent = tunnel()
    endpoint.says(b"more")
    client.resets()
    assert endpoint.closed
    assert sent == [len(b"early" + b"more")]
    assert dialogue.path.tunnels == {}
    assert len(dialogue.path.wheel) == 0


def test_half_closed_is_passed_on_and_both_halves_end_it() -> None:
    _, joined, client, endpoint, sent = tunnel()
    endpoint.ends()
    assert client.transport.eof_written
    assert not client.closed
    client.says(b"still")
    assert endpoint.hears() == b"heldstill"
    client.ends()
    assert client.closed
    assert endpoint.closed
    assert len(sent) == 1
    assert repr(joined) == "<Tunnel open=False>"


def test_abort_cuts_both() -> None:
    dialogue, joined, client, endpoint, _ = tunnel()
    joined.abort()
    dialogue.loop.run_ready()
    assert client.closed
    assert endpoint.closed
