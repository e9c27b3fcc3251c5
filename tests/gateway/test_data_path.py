"""Whatever clients and endpoints say and do, in whatever order: nothing raises, and nothing is left behind."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway.dialogue import Dialogue, FakeTransport, Side
from tests.gateway.serving import serving

CLIENT_SAYS = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: unknown\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: www.example.com\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: www.example.com\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 5\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: www.example.com\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: www.example.com\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: www.example.com\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"hello",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"\r\n",
        b"GET / HT",
        b"x" * 3000,
    ]
)
ENDPOINT_SAYS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"hello",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"HTTP/1.1 20",
        b"\x00",
    ]
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("client"), st.integers(0, 1), CLIENT_SAYS),
        st.tuples(st.just("endpoint"), st.integers(0, 3), ENDPOINT_SAYS),
        st.tuples(st.sampled_from(["accept", "refuse", "time out"]), st.integers(0, 3), st.just(b"")),
        st.tuples(
            st.sampled_from(["client", "endpoint"]),
            st.integers(0, 3),
            st.sampled_from(["ends", "resets", "stops_taking", "takes_again"]),
        ),
        st.tuples(st.just("wait"), st.sampled_from([0, 1, 12, 70]), st.just(b"")),
    ),
    max_size=40,
)


class Play:
    """Plays steps that the transports allow: what is closed says nothing more, what is not read is not heard."""

    def __init__(self) -> None:
        self.dialogue = Dialogue(serving("10.0.0.1:80", "10.0.0.2:80"), buffer_limit=1000, replay_limit=1000)
        self.clients = [self.dialogue.client(), self.dialogue.client()]
        self.endpoints: list[Side] = []
        self.full: dict[FakeTransport, None] = {}

    def step(self, who: str, which: int, what: bytes | str) -> None:
        if who == "wait":
            self.dialogue.wait(which)
        elif who in ("accept", "refuse", "time out"):
            self._connect(who)
        else:
            sides = self.clients if who == "client" else self.endpoints
            if which < len(sides):
                self._side(sides[which], what)

    def _connect(self, how: str) -> None:
        connecting = self.dialogue.connecting
        if connecting and how == "accept":
            self.endpoints.append(self.dialogue.accepts())
        elif connecting:
            connecting.pop(0).connect_failed(how == "time out")
            self.dialogue.loop.run_ready()

    def _side(self, side: Side, what: bytes | str) -> None:
        transport = side.transport
        if transport.closed:
            return
        if isinstance(what, bytes):
            if not transport.paused and not side.ended:
                side.says(what)
        elif what == "stops_taking":
            if transport not in self.full:
                self.full[transport] = None
                side.stops_taking()
        elif what == "takes_again":
            if transport in self.full:
                del self.full[transport]
                side.takes_again()
        elif what == "resets":
            side.resets()
        elif not transport.paused and not side.ended:
            side.ends()


@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_nothing_raises_and_nothing_is_left_behind(steps: list[tuple[str, int, bytes | str]]) -> None:
    play = Play()
    for step in steps:
        play.step(*step)
    dialogue = play.dialogue
    path = dialogue.path
    for client in play.clients:
        if not client.closed:
            client.resets()
    while dialogue.connecting:
        dialogue.connecting.pop(0).connect_failed(False)
    dialogue.loop.run_ready()
    assert path.connections == {}
    assert path.tunnels == {}
    counts = path.pool.counts()
    assert (counts["busy"], counts["connecting"]) == (0, 0)
    path.pool.drain()
    dialogue.loop.run_ready()
    assert path.pool.counts() == {"idle": 0, "busy": 0, "connecting": 0}
    assert len(path.wheel) == 0
    assert all(endpoint.closed for endpoint in play.endpoints)
