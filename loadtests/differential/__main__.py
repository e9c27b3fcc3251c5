"""`python -m loadtests.differential`: see `loadtests/differential/__init__.py`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections import Counter
from pathlib import Path

from loadtests.differential.comparing import KINDS, Difference, Outcome, compare, read_reasons, statuses, unexplained
from loadtests.differential.endpoint import Recorder
from loadtests.differential.proxies import PEERS, started
from loadtests.peers.programs import MissingError
from tests.gateway.corpus.case import Case, cases

ACCEPTED = Path(__file__).with_name("accepted.txt")
QUIET = 0.12
"""Seconds without a byte after which a proxy has said what it says."""


def chosen(only: str) -> list[Case]:
    """Cases that other proxies can be asked, too: no settings, this client, all goes to an endpoint."""
    return [
        case
        for case in cases()
        if case.asked and not case.settings and case.rules == "proxy" and only in f"{case.file}: {case.name}"
    ]


async def ask(port: int, data: bytes) -> tuple[bytes, bool]:
    """(what the proxy answers, whether it closed)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    try:
        writer.write(data)
        while True:
            async with asyncio.timeout(QUIET):
                more = await reader.read(65536)
            if not more:
                return heard, True
            heard += more
    except TimeoutError:
        return heard, False
    except ConnectionError:
        return heard, True
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def outcomes(name: str, corpus: list[Case], folder: Path) -> list[Outcome]:
    """What becomes of every case at one proxy."""
    recorder = Recorder()
    await recorder.start()
    try:
        async with started(name, recorder.port, folder / name) as port:
            result = []
            for case in corpus:
                recorder.take()
                heard, closed = await ask(port, case.asked)
                result.append(Outcome(statuses(heard), recorder.take(), closed))
            return result
    finally:
        recorder.close()


def report(differences: list[Difference], everything: bool, partial: bool) -> int:
    """Print them; 1 when one is not explained, or, unless only a part was asked, a reason explains nothing."""
    missing, idle = unexplained(differences, read_reasons(ACCEPTED))
    if partial:
        idle = []
    shown = differences if everything else missing
    for one in shown:
        print(f"{one.peer:8} {one.kind:10} {one.case}\n    edge  {one.ours}\n    {one.peer:8}{one.theirs}")
    for reason in idle:
        print(f"nothing differs so any more: {reason.peer} | {reason.kind} | {reason.case}")
    for peer in PEERS:
        found = Counter(one.kind for one in differences if one.peer == peer)
        print(f"{peer}: " + ", ".join(f"{kind} {found[kind]}" for kind in (*KINDS, "refused")))
    print(f"{len(missing)} without a reason, {len(idle)} reasons without a difference")
    return 1 if missing or idle else 0


async def main(options: argparse.Namespace) -> int:
    corpus = chosen(options.only)
    names = ["edge", *PEERS]
    with tempfile.TemporaryDirectory() as folder:
        try:
            results = await asyncio.gather(*(outcomes(name, corpus, Path(folder)) for name in names))
        except (MissingError, TimeoutError) as error:
            print(error, file=sys.stderr)
            return 3
    ours, *others = results
    print(f"{len(corpus)} cases")
    differences = [
        Difference(peer, kind, f"{case.file}: {case.name}", mine, his)
        for peer, theirs in zip(PEERS, others, strict=True)
        for case, mine, his in zip(corpus, ours, theirs, strict=True)
        if (kind := compare(mine, his))
    ]
    return report(differences, options.all, bool(options.only))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m loadtests.differential")
    parser.add_argument("--only", default="", help="cases whose file or name holds this")
    parser.add_argument("--all", action="store_true", help="show every difference, also the accepted ones")
    sys.exit(asyncio.run(main(parser.parse_args())))
