"""The cases: what is asked of every proxy, and how long.

Each is a table row; what a case measures beside a closed loop (`steady`, `idle`, `growth`) is in `measuring`.
"""

from __future__ import annotations

from typing import NamedTuple

from loadtests.peers.load import Ask
from loadtests.peers.nginx import SIZES
from loadtests.peers.work import SECURED, UPLOAD, Work


class Case(NamedTuple):
    """`seconds` is the load of one sample; a quick run loads for a second, in `quick` rounds."""

    name: str
    title: str
    connections: int = 64
    seconds: float = 2.0
    rounds: int = 2
    quick: int = 1
    kind: str = "closed"
    secured: bool = False


# A 99th percentile hangs on the few moments in which a machine stands still; the median of many of them does not.
CASES = (
    Case("keepalive", "small GET, keep-alive, 64 connections", seconds=3.0, rounds=3, quick=2),
    Case("steady", "small GET at a constant rate, half of a peak", rounds=7, kind="steady"),
    Case("hosts", "small GET, 10,000 hosts in turn"),
    Case("new", "a new connection for every request"),
    Case("down-64k", "answers of 64 KB"),
    Case("down-10m", "answers of 10 MB", connections=8),
    Case("up-64k", "requests of 64 KB"),
    Case("up-10m", "requests of 10 MB", connections=8),
    Case("idle", "1,000 idle connections", connections=1000, seconds=1.0, rounds=1, kind="idle"),
    Case("growth", "small GET, more applications and more rules, Edge only", rounds=4, kind="growth"),
    Case("tls", "small GET over TLS, keep-alive", secured=True),
    Case("tls-new", "a new TLS connection with a full handshake for every request", secured=True),
)
QUICK = ("keepalive", "steady", "idle")
BY_NAME = {case.name: case for case in CASES}


def ask(case: Case, work: Work) -> Ask:
    """The requests of a case."""
    one = (SECURED,) if case.secured else (work.hosts(work.middle)[0],)
    small = Ask("/items/42?page=2", one)
    match case.name:
        case "hosts":
            return small._replace(hosts=tuple(work.every_host()))
        case "new" | "tls-new":
            return small._replace(close=True)
        case "down-64k" | "down-10m":
            size = case.name.removeprefix("down-")
            return Ask(f"/files/{size}", one, answer=SIZES[size])
        case "up-64k" | "up-10m":
            return Ask(UPLOAD, one, upload=SIZES[case.name.removeprefix("up-")])
    return small
