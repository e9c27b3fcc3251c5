"""Nothing is dropped at a steady rate while everything around changes: `make never-dropped`.

Each disturbance is done `--rounds` times for real, under a load whose schedule waits for nobody
(tests/end_to_end/steady.py). Simulator, Admin, gateway, and endpoints are processes of their own. The table says for
each how many requests there were, the rate of answers, how many failed and how many may, and the slowest, counted from
when it was due. Exit status 1 when more failed than may, or when the rate was missed by more than a tenth.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from edge.demo.tutorial import HOST
from tests.end_to_end import disturbances
from tests.end_to_end.endpoint import Endpoint, endpoints
from tests.end_to_end.house import House, running
from tests.end_to_end.steady import Interval, Steady

PODS = 20
EDITS = 20
NONE = "none"


class Row(NamedTuple):
    """One disturbance, all its rounds together. `may` says how many requests may fail, in words."""

    name: str
    seen: Interval
    may: str
    wrong: str = ""


def judged(name: str, seen: Interval, rate: float, may: str = NONE, wrong: str = "") -> Row:
    """The row, with what is wrong about it; `wrong` is what its own rule says."""
    if may == NONE and seen.failures:
        wrong = f"{len(seen.failures)} failed: {seen.failures[0].reason}"
    if abs(seen.rate - rate) > rate / 10:
        wrong = f"{wrong} the rate was {seen.rate:.0f} and not {rate:.0f}".strip()
    return Row(name, seen, may, wrong)


class Run:
    """What is asked of the command."""

    def __init__(self, rate: float, rounds: int, workers: int) -> None:
        self.rate = rate
        self.rounds = rounds
        self.workers = workers
        self.rows: list[Row] = []

    def add(self, row: Row) -> None:
        self.rows.append(row)
        print(line(row), flush=True)

    async def undisturbed(self, name: str, load: Steady, deed: Callable[[], Awaitable[object]]) -> None:
        """`deed`, as often as there are rounds, must cost nothing."""
        began = load.now
        for _ in range(self.rounds):
            await deed()
        self.add(judged(name, await load.since(began), self.rate))


@asynccontextmanager
async def house(run: Run, *, tls: bool = False) -> AsyncIterator[House]:
    """A whole tutorial in a folder that goes away with it."""
    with tempfile.TemporaryDirectory(prefix="never-dropped-") as folder:
        async with running(Path(folder), tls=tls, workers=run.workers) as running_house:
            yield running_house


async def control_plane(run: Run) -> None:
    """Edits, an Admin that dies, and workers that end."""
    async with house(run) as home, Steady(home.url(), HOST, run.rate) as load:
        await run.undisturbed("nothing happens", load, lambda: load.more(int(run.rate)))
        await run.undisturbed(f"{EDITS} rule edits released", load, lambda: disturbances.rule_edits(home, EDITS))
        await run.undisturbed(
            "Admin killed and restarted", load, lambda: disturbances.admin_killed_and_started_again(home, load)
        )
        await run.undisturbed("worker ends by SIGTERM", load, lambda: disturbances.worker_told_to_end(home, load))
        await worker_killed(run, home, load)


async def worker_killed(run: Run, home: House, load: Steady) -> None:
    """Costs what the worker held, and nobody is refused."""
    wrong, began = "", load.now
    for _ in range(run.rounds):
        before = load.now
        gone = await disturbances.worker_killed(home, load)
        try:
            disturbances.lost_only_what_was_held(await load.since(before), gone)
        except AssertionError as error:
            wrong = str(error).splitlines()[0]
    run.add(judged("worker killed (SIGKILL)", await load.since(began), run.rate, "what it held", wrong))


async def pods(run: Run) -> None:
    """A Deployment is replaced whole; its pods end after 2 s."""
    async with house(run) as home:
        await home.kubectl.scale("test-hello", PODS)
        await home.endpoints(PODS)
        async with Steady(home.url(), HOST, run.rate) as load:
            await run.undisturbed(
                f"Deployment of {PODS} pods rolls over", load, lambda: disturbances.rollout(home, load, PODS)
            )


async def certificates(run: Run) -> None:
    """Over HTTPS."""
    async with house(run, tls=True) as home:
        certificate = await disturbances.create_certificate(home, HOST)
        async with Steady(home.tls_url(), HOST, run.rate, tls=disturbances.trusting()) as load:
            await run.undisturbed(
                "certificate replaced (HTTPS)",
                load,
                lambda: disturbances.certificate_replaced(home, load, certificate),
            )


async def dying_endpoints(run: Run) -> None:
    """One of four is killed, or stops without a word: GET may be sent again, POST may not."""

    async def killed(load: Steady, endpoint: Endpoint) -> int:
        return await disturbances.endpoint_killed(load, endpoint)

    async def stopped(load: Steady, endpoint: Endpoint) -> int:
        return await disturbances.endpoint_stopped(load, endpoint, 4)

    async with house(run) as home:
        await one_of_four(run, home, "GET", "endpoint killed, GET", killed, {})
        await one_of_four(run, home, "POST", "endpoint killed, POST", killed, {})
        patience = {"retries": disturbances.IMPATIENT}
        await one_of_four(run, home, "GET", "endpoint stops answering, GET", stopped, patience)
        await one_of_four(run, home, "POST", "endpoint stops answering, POST", stopped, patience)


async def one_of_four(
    run: Run,
    home: House,
    method: str,
    name: str,
    deed: Callable[[Steady, Endpoint], Awaitable[int]],
    proxy: Mapping[str, object],
) -> None:
    """`deed` to one of four new endpoints in each round; it says how many requests may be lost."""
    seen, held, wrong = [], 0, ""
    for _ in range(run.rounds):
        async with endpoints(4, 0.02) as processes:
            await disturbances.proxy_to(home, processes, **proxy)
            async with Steady(home.url(), HOST, run.rate, requests=[(method, "/")]) as load:
                began = load.now
                try:
                    held += await deed(load, processes[0])
                except AssertionError as error:
                    wrong = str(error).splitlines()[0]
                seen.append(await load.since(began))
    failures = [failure for each in seen for failure in each.failures]
    rate = sum(each.rate for each in seen) / len(seen)
    slowest = max(each.slowest for each in seen)
    whole = Interval(sum(each.requests for each in seen), rate, slowest, failures)
    may = NONE if method == "GET" and not proxy else f"what it had, {held}"
    run.add(judged(name, whole, run.rate, may, wrong or ("more failed than may" if len(failures) > held else "")))


HEAD = f"{'':<34}{'requests':>9}{'per s':>8}{'failed':>8}  {'may fail':<22}{'slowest':>10}"


def line(row: Row) -> str:
    seen = row.seen
    numbers = f"{seen.requests:>9}{seen.rate:>8.1f}{len(seen.failures):>8}"
    text = f"{row.name:<34}{numbers}  {row.may:<22}{seen.slowest * 1000:>7.0f} ms"
    return f"{text}  WRONG: {row.wrong}" if row.wrong else text


PARTS = {"control": control_plane, "pods": pods, "certificates": certificates, "endpoints": dying_endpoints}


async def measure(run: Run, parts: list[str]) -> int:
    print(f"{run.rate:g} requests/s, {run.workers} worker(s), {run.rounds} rounds of each\n{HEAD}", flush=True)
    for name in parts:
        await PARTS[name](run)
    wrong = [row for row in run.rows if row.wrong]
    print("\nnothing was dropped that may not be" if not wrong else f"\n{len(wrong)} of {len(run.rows)} are wrong")
    return 1 if wrong else 0


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="make never-dropped", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=500.0, help="requests a second (default: 500)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each disturbance is done (default: 5)")
    parser.add_argument("--workers", type=int, default=1, help="workers of the gateway (default: 1)")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS), help="parts (default: all)")
    told = parser.parse_args()
    if told.rate < 1 or told.rounds < 1 or told.workers < 1:
        parser.error("expected --rate, --rounds and --workers from 1")
    sys.exit(asyncio.run(measure(Run(told.rate, told.rounds, told.workers), told.only)))


if __name__ == "__main__":
    main()
