"""A request of the gateway's own, on the worker's pool."""

from __future__ import annotations

import pytest

from edge.gateway.http.head import ResponseHead
from edge.gateway.http.subrequest import Subrequest
from tests.gateway.dialogue import Dialogue
from tests.gateway.exchanging import OK
from tests.gateway.serving import serving

ASKED = b"GET /check HTTP/1.1\r\nhost: a\r\n\r\n"


class Asking:
    """Subrequests with what they were answered: (status or None, body)."""

    def __init__(self, *addresses: str, limit: int | None = 100) -> None:
        self.talk = Dialogue(serving(*addresses or ("10.0.0.1:80",)), response_timeout=5.0)
        self.limit = limit
        self.answers: list[tuple[int | None, bytes]] = []

    def start(self) -> Subrequest:
        application = self.talk.path.snapshot.find("www.example.com")
        assert application is not None
        one = Subrequest(self.talk.path, b"GET", ASKED, self._answered, self.limit)
        one.start(application.backends["u1"])
        return one

    def _answered(self, head: ResponseHead | None, body: bytes) -> None:
        self.answers.append((None if head is None else head.status, body))


def test_it_is_sent_and_answered_and_its_connection_kept() -> None:
    asking = Asking()
    asking.start()
    pod = asking.talk.accepts()
    assert pod.hears() == ASKED
    pod.says(OK[:-2])
    assert asking.answers == []
    pod.says(OK[-2:])
    asking.start()
    assert pod.hears() == ASKED
    pod.says(OK)
    assert asking.answers == [(200, b"hello")] * 2


@pytest.mark.parametrize(
    "data", [b"SMTP\r\n\r\n", b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"]
)
def test_what_is_no_answer_is_none(data: bytes) -> None:
    asking = Asking()
    asking.start()
    asking.talk.accepts().says(data)
    assert asking.answers == [(None, b"")]


def test_an_endpoint_that_cannot_be_reached_closes_or_is_silent_gives_none() -> None:
    asking = Asking()
    asking.start()
    asking.talk.refuses()
    asking.start()
    asking.talk.accepts().resets()
    asking.start()
    asking.talk.accepts()
    asking.talk.wait(10)
    assert asking.answers == [(None, b"")] * 3


def test_an_upstream_without_endpoints_gives_none_at_once() -> None:
    asking = Asking()
    asking.talk.path.snapshot = serving()
    asking.start()
    assert asking.answers == [(None, b"")]


def test_an_idle_connection_that_turns_out_closed_is_tried_anew_once() -> None:
    asking = Asking()
    asking.start()
    pod = asking.talk.accepts()
    pod.says(OK)
    asking.start()
    pod.resets()
    asking.talk.accepts().resets()
    assert asking.answers == [(200, b"hello"), (None, b"")]


def test_a_body_beyond_the_limit_is_none_and_no_body_is_kept_without_one() -> None:
    asking = Asking(limit=4)
    asking.start()
    pod = asking.talk.accepts()
    pod.says(OK.replace(b"5", b"50"))
    assert (asking.answers, pod.closed) == ([(None, b"")], True)
    asking = Asking(limit=None)
    asking.start()
    asking.talk.accepts().says(OK)
    assert asking.answers == [(200, b"")]


def test_after_it_was_abandoned_nothing_is_heard_of_it() -> None:
    asking = Asking()
    one = asking.start()
    pod = asking.talk.accepts()
    one.abandon()
    asking.talk.wait(0)
    assert (asking.answers, pod.closed) == ([], True)
