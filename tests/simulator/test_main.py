"""The simulator as a process: its ready line, its ends, its refusals."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import ssl
import sys
import time
from pathlib import Path

import httpx
import pytest

from simulator.objects.metadata import parse_timestamp
from simulator.recording import access

PODS = "/api/v1/namespaces/default/pods"
COMMAND = [sys.executable, "-c", "from simulator.cli import simulator; simulator()"]
READY = re.compile(
    r"^edge simulator ready https://127\.0\.0\.1:(\d+) control (http://127\.0\.0\.1:\d+) kubeconfig (\S+)\n$"
)


async def start(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    free = ("--listen", "127.0.0.1:0", "--control-listen", "127.0.0.1:0")
    return await asyncio.create_subprocess_exec(
        *COMMAND,
        *free,
        *arguments,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_when_it_is_ready_and_ends_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    process = await start(EDGE_SIMULATOR_KUBECONFIG=str(tmp_path / "config"))
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    found = READY.match(line)
    assert found is not None, line
    assert found[3] == str(tmp_path / "config")
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{found[2]}/control/v1/state")).json()["server"] == "running"
    process.send_signal(number)
    out, err = await process.communicate()
    assert (process.returncode, out, err) == (0, b"", b"")


async def test_its_temporary_kubeconfig_goes_with_it() -> None:
    process = await start()
    assert process.stdout is not None
    found = READY.match((await process.stdout.readline()).decode())
    assert found is not None
    folder = Path(found[3]).parent
    assert os.listdir(folder)
    process.terminate()
    await process.communicate()
    with pytest.raises(FileNotFoundError):
        os.listdir(folder)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--load", "/nowhere.yaml"), "/nowhere.yaml: cannot be read"),
        (("--pod-network", "10.0.0.0/16"), "expected a part of 127.0.0.0/8"),
        (("--control-listen", "0.0.0.0:0"), "--control-token"),
        (("--kubeconfig", "/proc/nowhere/config"), "kubeconfig: /proc/nowhere/config cannot be written"),
        (("--load", str(Path(__file__))), "test_main.py: no YAML: "),
    ],
)
async def test_what_makes_no_sense_is_said_in_one_line_without_a_traceback(
    arguments: tuple[str, ...], expected: str
) -> None:
    process = await start(*arguments)
    out, err = await process.communicate()
    assert (process.returncode, out) == (2, b"")
    assert err.decode().startswith("edge simulator: ")
    assert expected in err.decode()
    assert err.count(b"\n") == 1


async def test_a_port_that_is_taken_is_said_and_two_simulators_never_collide(tmp_path: Path) -> None:
    first, second = await start("--pods", "none"), await start("--pods", "none")
    try:
        found = []
        for process in (first, second):
            assert process.stdout is not None
            line = READY.match((await process.stdout.readline()).decode())
            assert line is not None
            found.append(line)
        third = await start("--listen", f"127.0.0.1:{found[0][1]}")
        out, err = await third.communicate()
        assert (third.returncode, out) == (2, b"")
        assert f"cannot listen on 127.0.0.1:{found[0][1]}: Address already in use" in err.decode()
        async with httpx.AsyncClient(trust_env=False) as client:
            networks = [(await client.get(f"{one[2]}/control/v1/state")).json()["pod_network"] for one in found]
        assert networks[0] != networks[1]
    finally:
        for process in (first, second):
            process.terminate()
            await process.communicate()


async def test_what_is_no_http_leaves_nothing_on_standard_error() -> None:
    process = await start("--pods", "none")
    assert process.stdout is not None
    found = READY.match((await process.stdout.readline()).decode())
    assert found is not None
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", int(found[1]), ssl=context)
    writer.write(b"nonsense\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(found[1]))
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    await reader.read()
    writer.close()
    process.terminate()
    assert (await process.communicate())[1] == b""


async def test_a_kubeconfig_that_cannot_be_written_leaves_no_key_behind(tmp_path: Path) -> None:
    taken = tmp_path / "a" / "folder"
    taken.mkdir(parents=True)
    process = await start("--kubeconfig", str(taken))
    _, err = await process.communicate()
    assert (process.returncode, err.decode()) == (
        2, f"edge simulator: kubeconfig: {taken} cannot be written: Is a directory\n"
    )  # fmt: skip
    assert os.listdir(tmp_path / "a") == ["folder"]


async def test_minutes_pass_in_seconds_at_a_time_factor(tmp_path: Path) -> None:
    config = tmp_path / "config"
    process = await start("--pods", "none", "--time-factor", "60", "--kubeconfig", str(config))
    assert process.stdout is not None
    await process.stdout.readline()
    slow = {"metadata": {"name": "slow", "annotations": {"simulator/ready-after": "1m"}}}
    spec = {"containers": [{"name": "a", "image": "a"}]}
    async with access.client(config) as api:
        await api.post(PODS, json={**slow, "spec": spec})
        began = time.perf_counter()
        async with (
            asyncio.timeout(20),
            api.stream("GET", PODS, params={"watch": "1", "timeoutSeconds": "600"}) as lines,
        ):
            async for line in lines.aiter_lines():
                pod = json.loads(line)["object"]
                ready = [one for one in pod["status"].get("conditions", ()) if one["type"] == "Ready"]
                if ready and ready[0]["status"] == "True":
                    break
        took = time.perf_counter() - began
    process.terminate()
    await process.communicate()
    passed = parse_timestamp(ready[0]["lastTransitionTime"]) - parse_timestamp(pod["metadata"]["creationTimestamp"])
    assert passed.total_seconds() >= 59  # times are whole seconds
    assert took < 30
