"""`edge demo`, as somebody runs it for the first time."""

import asyncio
import os
import re
import signal
import sys

import httpx
import pytest

pytestmark = [pytest.mark.kubectl, pytest.mark.timeout(120)]


async def run_demo(*options, environment):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "edge", "demo", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


@pytest.fixture
def environment(tmp_path):
    return {**os.environ, "TMPDIR": str(tmp_path)}


async def test_away_from_a_terminal_it_plays_every_step_says_how_to_go_on_and_ends(environment, tmp_path):
    code, output = await run_demo(environment=environment)
    assert code == 0, output
    assert re.search(r"^console http://127\.0\.0\.1:\d+$", output, re.MULTILINE)
    for line in ("user admin", "password ", "export EDGE_TOKEN=", "export KUBECONFIG=", "curl -H 'Host: www.kube"):
        assert f"\n{line}" in output
    assert output.count("✓") == 13
    assert list(tmp_path.iterdir()) == []


async def test_without_kubectl_it_makes_the_same_requests_and_says_so(environment, tmp_path):
    venv = tmp_path / "no-kubectl"
    venv.mkdir()
    (venv / "python").symlink_to(sys.executable)
    code, output = await run_without_kubectl(venv / "python", environment)
    assert code == 0, output
    assert "no working kubectl here" in output


async def run_without_kubectl(python, environment):
    process = await asyncio.create_subprocess_exec(
        python,
        *("-m", "edge", "demo", "--exit"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**environment, "PATH": "/nonexistent", "PYTHONPATH": ":".join(path for path in sys.path if path)},
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_told_to_stay_it_keeps_everything_up_until_it_is_interrupted(environment, tmp_path):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "edge", "demo", "--stay"),
        stdout=asyncio.subprocess.PIPE,
        env={**environment, "PYTHONUNBUFFERED": "1"},
    )
    console = ""
    while "Ctrl-C ends everything" not in (line := (await process.stdout.readline()).decode()):
        console = line.split()[1] if line.startswith("console ") else console
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{console}/readyz")).status_code == 200
    process.send_signal(signal.SIGINT)
    await process.communicate()
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


async def test_stay_and_exit_exclude_each_other(environment):
    code, output = await run_demo("--stay", "--exit", environment=environment)
    assert code == 2
    assert "exclude each other" in output
