"""In virtual time the same seed gives the same writes and the same answers, whatever the hash seed of the process."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.simulator.world import World, simulate

ROOT = Path(__file__).parents[2]
STORY = (
    "import sys; from tests.simulator.determinism_story import told; "
    "sys.stdout.buffer.writelines(line + b'\\n' for line in told(5))"
)


def digest(seed: int) -> str:
    """A hash of everything written while a deployment is scaled up and down; the claimed network is left out."""
    written = hashlib.sha256()

    async def story(world: World) -> None:
        world.apply("hello.yaml")
        world.apply("token.yml")
        await asyncio.sleep(3)
        world.scale("test-hello", 7)
        await asyncio.sleep(3)
        world.scale("test-hello", 2)
        await asyncio.sleep(4)
        for event in world.log:
            written.update(re.sub(rb"127\.\d+\.0\.(\d+)", rb"N.\1", event.record.full()))

    simulate(story, seed=seed)
    return written.hexdigest()


def test_only_the_seed_decides_what_is_written() -> None:
    assert digest(5) == digest(5) != digest(6)


def test_the_same_seed_and_requests_give_the_same_bytes_under_any_hash_seed() -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", STORY],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
        )
        for seed in ("1", "2")
    ]
    one, other = (run.communicate()[0].splitlines() for run in runs)
    assert [run.returncode for run in runs] == [0, 0]
    for mine, theirs in zip(one, other, strict=True):
        assert mine == theirs
    everything = b"".join(one)
    assert len(one) > 1000
    for happened in (b"TaintManagerEviction", b"TooManyRequests", b"ContentDeleted", b"Unsupported value", b'"jti"'):
        assert happened in everything
