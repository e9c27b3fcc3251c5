"""Driving a case's rounds: one sample is a proxy under load for some seconds."""

from __future__ import annotations

import functools
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from loadtests.peers.cases import Case, ask
from loadtests.peers.load import Outcome, client, closed
from loadtests.peers.proxies import EDGE, Proxy
from loadtests.peers.results import Idle, Sample

WARM_UP = 1.0
PROBE = b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n"

Say = Callable[[str], None]


class Measuring:
    """What all samples of a run have in common. `wrk` is None where it is not installed."""

    def __init__(self, wrk: Path | None, folder: Path, say: Say) -> None:
        self._wrk = wrk
        self._folder = folder
        self._say = say

    def rounds(self, case: Case, proxies: Sequence[Proxy], rounds: int, seconds: float) -> Iterator[Sample]:
        """A closed loop for each proxy in turn, `rounds` times; the first touch of each does not count."""
        for proxy in proxies:
            self._drive(case, proxy, WARM_UP)
        for number in range(rounds):
            for proxy in proxies:
                load = functools.partial(self._drive, case, proxy, seconds)
                yield self._sample(case, proxy, load, f"round {number + 1}")

    def steady(
        self, case: Case, proxies: Sequence[Proxy], rates: Sequence[tuple[str, float, str]], rounds: int, seconds: float
    ) -> Iterator[Sample]:
        """Constant rates, given as (proxy's name, requests/s, what the rate is)."""
        by_name = {proxy.name: proxy for proxy in proxies}
        for _ in range(rounds):
            for name, rate, label in rates:
                proxy = by_name[name]
                load = functools.partial(self._pace, case, proxy, rate, seconds)
                yield self._sample(case, proxy, load, label, rate)

    def idle(self, case: Case, proxies: Sequence[Proxy], seconds: float) -> Iterator[Idle]:
        """Memory and CPU with many connections on which a request was answered and nothing follows."""
        for proxy in proxies:
            before = proxy.memory().total
            with ExitStack() as stack:
                for _ in range(case.connections):
                    stack.enter_context(_asked_once(proxy))
                used, began = proxy.cpu(), time.perf_counter()
                time.sleep(seconds)
                share = (proxy.cpu() - used) / (time.perf_counter() - began)
                idle = Idle(proxy.name, case.connections, before, proxy.memory().total, share)
            self._say(f"  {proxy.name:<10} {idle.per_connection:6.1f} KB a connection, {share * 100:.1f} % of a core")
            yield idle

    def _drive(self, case: Case, proxy: Proxy, seconds: float) -> Outcome:
        port = proxy.ports.tls if case.secured else proxy.ports.plain
        asked = ask(case, proxy.work)
        return closed(self._wrk, port, asked, case.connections, seconds, self._folder, case.secured)

    def _pace(self, case: Case, proxy: Proxy, rate: float, seconds: float) -> Outcome:
        request = ask(case, proxy.work)
        return client(
            "steady", port=proxy.ports.plain, ask=request, connections=case.connections, seconds=seconds, rate=rate
        )

    def _sample(self, case: Case, proxy: Proxy, load: Callable[[], Outcome], label: str, rate: float = 0.0) -> Sample:
        used = proxy.cpu()
        outcome = load()
        used = proxy.cpu() - used
        sample = Sample(case.name, proxy.name, label, rate, outcome, used, proxy.memory())
        self._say(f"  {proxy.name:<22} {label:<26} {sample}")
        return sample


def _asked_once(proxy: Proxy) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", proxy.ports.plain), timeout=10)
    sock.sendall(PROBE % proxy.work.hosts(0)[0].encode())
    if not sock.recv(65536).startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"{proxy.name} did not answer an idle connection's first request")
    return sock


def half_rates(peaks: dict[str, float]) -> list[tuple[str, float, str]]:
    """Each proxy at half of its own peak, and every one at half of Edge's."""
    rates = [(name, peak / 2, "half its own peak") for name, peak in peaks.items()]
    if EDGE in peaks:
        rates += [(name, peaks[EDGE] / 2, f"half of {EDGE}'s peak") for name in peaks if name != EDGE]
    return rates
