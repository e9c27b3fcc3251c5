"""The reflector's state machine as data: what may happen in each state, how long to pause, and where to go.

`edge.kube.reflector` gives the rules in words and walks the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from edge.kube.fault import Reason


class State(Enum):
    LISTING = "listing"
    CONFIRMING = "confirming"
    OPENING = "opening"
    WATCHING = "watching"


class Happening(Enum):
    LISTED = "listed"  # a list was read and is believed
    DOUBTED = "doubted"  # a list was read that is empty or older than what is held
    OPENED = "opened"
    ENDED = "ended"  # as asked, or after it had proven itself
    CUT = "cut"  # the connection broke, or the watch ended at once
    STALLED = "stalled"  # it should have ended and did not
    EXPIRED = "expired"  # 410
    GARBLED = "garbled"  # what came cannot be read
    REFUSED = "refused"  # 401, 403, 404
    DELAYED = "delayed"  # 429: come back later
    FAILED = "failed"  # 5xx, unreachable, TLS


class Pause(Enum):
    NONE = "none"
    SHORT = "short"  # before a confirming list
    DISTURBED = "disturbed"  # none at first, then growing to 2 s
    BACKOFF = "back off"  # growing to 30 s, or what the server asks for


class Step(NamedTuple):
    pause: Pause
    next: State


L, C, O, W = State.LISTING, State.CONFIRMING, State.OPENING, State.WATCHING  # noqa: E741
H = Happening

TABLE: Mapping[tuple[State, Happening], Step] = {
    (L, H.LISTED): Step(Pause.NONE, O),
    (L, H.DOUBTED): Step(Pause.SHORT, C),
    (L, H.EXPIRED): Step(Pause.DISTURBED, L),
    (L, H.GARBLED): Step(Pause.BACKOFF, L),
    (L, H.REFUSED): Step(Pause.BACKOFF, L),
    (L, H.DELAYED): Step(Pause.BACKOFF, L),
    (L, H.FAILED): Step(Pause.BACKOFF, L),
    (C, H.LISTED): Step(Pause.NONE, O),
    (C, H.EXPIRED): Step(Pause.DISTURBED, L),
    (C, H.GARBLED): Step(Pause.BACKOFF, L),
    (C, H.REFUSED): Step(Pause.BACKOFF, L),
    (C, H.DELAYED): Step(Pause.BACKOFF, L),
    (C, H.FAILED): Step(Pause.BACKOFF, L),
    (O, H.OPENED): Step(Pause.NONE, W),
    (O, H.EXPIRED): Step(Pause.DISTURBED, L),
    (O, H.GARBLED): Step(Pause.BACKOFF, O),
    (O, H.REFUSED): Step(Pause.BACKOFF, O),
    (O, H.DELAYED): Step(Pause.BACKOFF, O),
    (O, H.FAILED): Step(Pause.BACKOFF, O),
    (W, H.ENDED): Step(Pause.NONE, O),
    (W, H.CUT): Step(Pause.DISTURBED, O),
    (W, H.STALLED): Step(Pause.NONE, O),
    (W, H.EXPIRED): Step(Pause.DISTURBED, L),
    (W, H.GARBLED): Step(Pause.DISTURBED, L),
    (W, H.REFUSED): Step(Pause.BACKOFF, O),
    (W, H.DELAYED): Step(Pause.BACKOFF, O),
    (W, H.FAILED): Step(Pause.BACKOFF, O),
}

OF_REASON: Mapping[Reason, Happening] = {
    "unauthorized": H.REFUSED,
    "forbidden": H.REFUSED,
    "missing": H.REFUSED,
    "expired": H.EXPIRED,
    "throttled": H.DELAYED,
    "failing": H.FAILED,
    "unreachable": H.FAILED,
    "tls": H.FAILED,
    "malformed": H.GARBLED,
}
