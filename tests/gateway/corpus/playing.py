"""Plays a case of the corpus against the data path, and judges what both sides receive."""

from __future__ import annotations

import re

from tests.gateway.corpus.case import CLIENT_HEARS, CLIENT_SAYS, END, RESET, UPSTREAM_HEARS, Case, Step
from tests.gateway.dialogue import Dialogue, Side
from tests.gateway.serving import serving

FIXED = [{"actions": [{"type": "respond", "body": "fixed\n", "content_type": "text/plain"}]}]
_date = re.compile(rb"date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT\r\n")
_id = re.compile(rb"x-request-id: ([0-9a-f]{32})\r\n")
_start = re.compile(rb"^HTTP/1\.1 ([0-9]{3}) ", re.MULTILINE)
_own = re.compile(
    rb"HTTP/1\.1 (?P<status>[0-9]{3}) (?P<phrase>[^\r]*)\r\ncontent-type: text/plain; charset=utf-8\r\n"
    rb"content-length: (?P<length>[0-9]+)\r\n(?P<connection>connection: (?:close|keep-alive)\r\n)?\r\n"
)


class Play:
    """One run of `case`, the client's bytes in pieces of `piece` (0: as the case has them)."""

    def __init__(self, case: Case, piece: int = 0) -> None:
        snapshot = serving("10.0.0.1:80", rules=FIXED if case.rules == "fixed" else None)
        self.case = case
        self.piece = piece
        self.dialogue = Dialogue(snapshot, **case.settings)
        self.client = self.dialogue.client(case.address)
        self.upstream: Side | None = None
        self.upstreams: list[Side] = []

    def run(self) -> None:
        for step in self.case.steps:
            self.take(step)
        while self.dialogue.connecting:  # a connection may have been asked for before the fault was seen
            assert self.dialogue.accepts().hears() == b"", "an endpoint is sent a request"
        assert plain_answers(self.client.hears()) == b"", "the client gets more than expected"
        for upstream in self.upstreams:
            assert self.comparable(plain_request(upstream.hears(), self.case)) in (b"", b"-"), "the endpoint gets more"
        assert self.end_of(self.client) == self.case.end

    def take(self, step: Step) -> None:
        if step.kind == CLIENT_SAYS:
            self.say(step)
        elif step.kind == UPSTREAM_HEARS:
            if self.dialogue.connecting:
                self.upstream = self.dialogue.accepts()
                self.upstreams.append(self.upstream)
            assert self.upstream is not None, "no endpoint is asked"
            heard = plain_request(self.upstream.hears(), self.case)
            assert self.comparable(heard) == self.comparable(step.data)
        elif step.kind == CLIENT_HEARS:
            heard = plain_answers(self.client.hears())
            if re.match(r"[0-9]{3}\Z", step.text):
                check_own(heard, step.text, self.case.end)
            else:
                assert self.comparable(heard) == self.comparable(step.data)
        elif step.kind == "wait":
            self.dialogue.wait(float(step.text))
        elif step.kind == "upstream":
            assert self.upstream is not None
            assert self.end_of(self.upstream) == step.text
        else:
            assert self.upstream is not None, "no endpoint has been asked"
            self.play(self.upstream, step, 0)

    def say(self, step: Step) -> None:
        self.play(self.client, step, self.piece)

    def play(self, side: Side, step: Step, piece: int) -> None:
        if step.text == END:
            side.ends()
        elif step.text == RESET:
            side.resets()
        else:
            data = step.data
            for start in range(0, len(data), piece or len(data)):
                if side.closed:
                    break
                side.says(data[start : start + (piece or len(data))])

    def comparable(self, data: bytes) -> bytes:
        """As it is; where the client's bytes were cut, chunks may be cut too."""
        return dechunk(data) if self.piece else data

    def end_of(self, side: Side) -> str:
        transport = side.transport
        if transport.eof_written and not side.closed:
            self.dialogue.wait(self.dialogue.path.settings.linger_timeout + 0.1)
            assert side.closed, "lingering never ends"
            return "closed"
        if transport.aborted:
            return "cut"
        return "closed" if side.closed else "kept"


def plain_request(data: bytes, case: Case) -> bytes:
    """What an endpoint received, without the lines that every request gets; each must be there once a head."""
    heads = len(re.findall(rb" HTTP/1\.1\r\n", data))
    lines = [
        rb"x-forwarded-for: %b\r\n" % re.escape(case.address.encode()),
        rb"x-forwarded-proto: http\r\n",
        rb"x-forwarded-host: [^\r]*\r\n",
        rb"x-request-id: [0-9a-f]{32}\r\n",
        rb"via: 1\.[01] edge-edge\r\n",
    ]
    for line in lines:
        data, found = re.subn(line, b"", data)
        assert found <= heads, (line, data)
    return data


def plain_answers(data: bytes) -> bytes:
    """What a client received, without date and id; every final answer has exactly one of both."""
    finals = [status for status in _start.findall(data) if status >= b"200"]
    data, dates = _date.subn(b"", data)
    data, ids = _id.subn(b"", data)
    switched = data.startswith(b"HTTP/1.1 101 ")
    assert switched or dates + data.count(b"\r\ndate: ") == len(finals), ("date", dates, data)
    assert switched or ids + data.count(b"\r\nx-request-id: ") == len(finals), ("x-request-id", ids, data)
    return data


def check_own(heard: bytes, status: str, end: str) -> None:
    """The gateway's own short answer, whole and nothing behind it."""
    found = _own.match(heard)
    assert found is not None, heard
    assert found["status"] == status.encode()
    body = heard[found.end() :]
    assert len(body) == int(found["length"])
    assert body.startswith(found["status"] + b" " + found["phrase"] + b"\n")
    if end == "closed":
        assert found["connection"] == b"connection: close\r\n", heard


def dechunk(data: bytes) -> bytes:
    """Chunked bodies of one or more messages as plain text behind their heads, marked with the end they have."""
    result = b""
    while data:
        head, separator, data = data.partition(b"\r\n\r\n")
        result += head + separator
        if b"transfer-encoding: chunked" not in head:
            length = re.search(rb"content-length: ([0-9]+)", head)
            size = int(length[1]) if length else 0
            result += data[:size]
            data = data[size:]
            continue
        while data:
            line, _, rest = data.partition(b"\r\n")
            size = int(line, 16)
            result += rest[:size]
            data = rest[size + 2 :]
            if size == 0:
                result += b"<end>"
                break
    return result
