"""Measure this gateway beside its peers: `make peers`, or `python -m loadtests.peers`.

It ends with 1 when one of Edge's requests failed, or when Edge could not be measured; goals that were missed are
printed and, with --strict, end it with 1 too.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from loadtests.peers import certificate, chart, programs, results
from loadtests.peers.cases import BY_NAME, CASES, QUICK, Case
from loadtests.peers.goals import Goal, judge
from loadtests.peers.measuring import Measuring, half_rates
from loadtests.peers.nginx import backend
from loadtests.peers.processes import Cores, Running, cores, free_port
from loadtests.peers.proxies import EDGE, PEERS, SOURCE, Proxy, nginx_start, start
from loadtests.peers.results import Idle, Row, Sample
from loadtests.peers.work import SECURED, Work

GROWTH = {"10 x 10": (10, 10), "1 x 10": (1, 10), "1 x 200": (1, 200)}
"""Applications and rules of the gateways that `growth` starts beside the one with 1,000 x 10."""


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with ExitStack() as stack:
        run = Run(options, stack)
        try:
            return run.all()
        except programs.MissingError as error:
            print(f"nothing can be measured: {error}", file=sys.stderr)
            return 2


class Run:
    """One run: what was started ends with `stack`."""

    def __init__(self, options: argparse.Namespace, stack: ExitStack) -> None:
        self._options = options
        self._stack = stack
        self._cores: Cores = cores()
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-peers-")))
        self._samples: dict[str, list[Sample]] = {}
        self._idle: list[Idle] = []
        self._absent: dict[str, str] = {}
        self._proxies: list[Proxy] = []
        self._versions: dict[str, str] = {}
        self._wrk = None if options.python_client else programs.wrk()
        self._measuring = Measuring(self._wrk, self._folder, self._say)

    def all(self) -> int:
        """Everything, in order; the exit code."""
        built = "interpreted" if self._options.installed is None else "compiled"
        self._machine = f"{machine(self._cores, self._wrk)}, edge {built}"
        self._say(self._machine)
        if self._cores.load is not None:
            os.sched_setaffinity(0, [self._cores.load])
        work = self._start_backends()
        for name in self._options.peers:
            self._start(name, work)
        for case in (BY_NAME[name] for name in self._options.case):
            self._say(f"\n{case.title}")
            self._measure(case, work)
        rows = {name: results.summarize(samples) for name, samples in self._samples.items()}
        goals = judge(rows)
        text = self._report(rows, goals)
        print(text)
        if self._options.out is not None:
            self._write(rows, goals, text)
        failed = [s for samples in self._samples.values() for s in samples if s.proxy == EDGE and s.outcome.failed]
        missed = [goal for goal in goals if not goal.met]
        return 1 if failed or EDGE in self._absent or (self._options.strict and missed) else 0

    def _say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    def _start_backends(self) -> Work:
        secret = certificate.write(SECURED, self._folder)
        work = Work(free_port(), free_port(), self._options.applications, certificate=secret)
        folder = self._folder / "backend"
        folder.mkdir()
        started = nginx_start(programs.nginx(), backend(work.backend, folder), folder)
        serving = Running(started.command, self._cores.load, folder / "output")
        self._stack.callback(serving.end)
        serving.wait_for(work.backend, "backend")
        command = [sys.executable, "-m", "loadtests.peers.sink", str(work.sink)]
        sink = Running(command, self._cores.load, self._folder / "sink")
        self._stack.callback(sink.end)
        sink.wait_for(work.sink, "sink")
        return work

    def _start(self, name: str, work: Work) -> None:
        try:
            proxy = start(name, work, self._cores.proxy, self._folder / name, self._options.installed)
        except (programs.MissingError, RuntimeError) as error:
            self._absent[name] = str(error)
            self._say(f"{name} is left out: {error}")
            return
        self._stack.callback(proxy.running.end)
        self._proxies.append(proxy)

    def _measure(self, case: Case, work: Work) -> None:
        rounds = self._options.rounds or (case.quick if self._options.quick else case.rounds)
        seconds = 1.0 if self._options.quick else case.seconds
        samples = self._samples.setdefault(case.name, [])
        if case.secured and self._wrk is None:
            self._absent[case.name] = "only wrk speaks TLS here (apt-get install wrk)"
            self._say(f"  absent: {self._absent[case.name]}")
        elif case.kind == "closed":
            samples += self._measuring.rounds(case, self._proxies, rounds, seconds)
        elif case.kind == "steady":
            samples += self._measuring.steady(case, self._proxies, half_rates(self._peaks()), rounds, seconds)
        elif case.kind == "idle":
            self._idle += self._measuring.idle(case, self._proxies, seconds)
        else:
            samples += self._growth(case, work, rounds, seconds)

    def _peaks(self) -> dict[str, float]:
        """Requests/s of each proxy with small keep-alive requests, measured now if they were not before."""
        if "keepalive" not in self._samples:
            case = BY_NAME["keepalive"]
            self._samples["keepalive"] = list(self._measuring.rounds(case, self._proxies, 1, 1.0))
        return {row.proxy: row.requests for row in results.summarize(self._samples["keepalive"])}

    def _growth(self, case: Case, work: Work, rounds: int, seconds: float) -> list[Sample]:
        with ExitStack() as stack:
            proxies = []
            for name, (applications, rules) in GROWTH.items():
                smaller = work._replace(applications=applications, rules=rules)
                folder = self._folder / name.replace(" ", "")
                proxy = start(EDGE, smaller, self._cores.proxy, folder, self._options.installed)
                stack.callback(proxy.running.end)
                proxies.append(proxy._replace(name=name))
            proxies += [
                proxy._replace(name=f"{work.applications} x {work.rules}")
                for proxy in self._proxies
                if proxy.name == EDGE
            ]
            return list(self._measuring.rounds(case, proxies, rounds, seconds))

    # What is told of it

    def _report(self, rows: dict[str, list[Row]], goals: list[Goal]) -> str:
        parts = ["", self._machine]
        for case in CASES:
            if rows.get(case.name):
                parts += [f"\n{case.title}\n", results.markdown(results.table(rows[case.name]))]
            elif case.name == "idle" and self._idle:
                parts += [f"\n{case.title}\n", results.markdown(results.idle_table(self._idle))]
        if self._absent:
            parts += ["\nLeft out", *(f"  {name}: {reason}" for name, reason in self._absent.items())]
        if goals:
            parts += ["\nGoals", *map(str, goals)]
        return "\n".join(parts)

    def _write(self, rows: dict[str, list[Row]], goals: list[Goal], text: str) -> None:
        out: Path = self._options.out
        out.mkdir(parents=True, exist_ok=True)
        (out / "peers.md").write_text(text.lstrip() + "\n")
        everything: dict[str, Any] = {
            "machine": self._machine,
            "rows": rows,
            "idle": self._idle,
            "absent": self._absent,
            "goals": [{"what": g.what, "measured": g.measured, "limit": g.limit, "met": g.met} for g in goals],
            "samples": self._samples,
        }
        (out / "peers.json").write_bytes(msgspec.json.format(msgspec.json.encode(everything), indent=1) + b"\n")
        titled = {BY_NAME[name].title: found for name, found in rows.items() if found}
        (out / "peers.svg").write_text(chart.svg(titled, "CPU time per request"))
        self._say(f"\nwritten: {out}/peers.md, peers.json, peers.svg")


def machine(where: Cores, wrk: Path | None) -> str:
    """One line on what the numbers were measured with."""
    today = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    pinned = (
        "not pinned: one core only" if where.proxy is None else f"proxy on core {where.proxy}, load on {where.load}"
    )
    load = "wrk" if wrk is not None else "a client in Python (wrk can be had with apt-get install wrk)"
    return (
        f"{today}, {os.cpu_count()} CPUs, load average {os.getloadavg()[0]:.1f} before, "
        f"CPython {platform.python_version()}, {pinned}, driven by {load}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="loadtests.peers", description=__doc__)
    parser.add_argument("--case", action="append", choices=list(BY_NAME), help="only this one; may be repeated")
    parser.add_argument("--peers", help=f"only these, with commas: {','.join(PEERS)}")
    parser.add_argument("--quick", action="store_true", help="the main cases for a second each: under a minute")
    parser.add_argument("--rounds", type=int, choices=range(1, 21), metavar="1..20", help="rounds of every case")
    parser.add_argument("--applications", type=int, default=1000, help="applications that every proxy serves")
    parser.add_argument(
        "--installed",
        type=Path,
        metavar="DIR",
        help="where a compiled package was installed; without it edge is edge-source",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write peers.md, peers.json and peers.svg there")
    parser.add_argument("--python-client", action="store_true", help="drive with the Python client, not with wrk")
    parser.add_argument("--strict", action="store_true", help="end with 1 when a goal is missed")
    options = parser.parse_args()
    options.case = options.case or (list(QUICK) if options.quick else list(BY_NAME))
    if options.installed is not None and not options.installed.is_dir():
        print(f"{options.installed} is not there (make wheel builds it): edge is measured interpreted", file=sys.stderr)
        options.installed = None
    if options.peers:
        options.peers = options.peers.split(",")
    else:
        options.peers = [name for name in PEERS if name != SOURCE or options.installed is not None]
    for name in options.peers:
        if name not in PEERS:
            parser.error(f"--peers: expected some of {', '.join(PEERS)}, got {name!r}")
    if not 1 <= options.applications <= 10_000:
        parser.error("--applications: expected 1 to 10000")
    return options


if __name__ == "__main__":
    sys.exit(main())
