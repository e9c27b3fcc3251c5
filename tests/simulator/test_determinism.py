"""In virtual time the same seed gives the same writes, whatever the hash seed of the process."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.simulator.world import World, simulate

STORY = "from tests.simulator.test_determinism import digest; print(digest(5))"


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


def test_the_same_seed_gives_the_same_writes_under_any_hash_seed() -> None:
    root = Path(__file__).parents[2]
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        run = subprocess.run(
            [sys.executable, "-c", STORY], cwd=root, env=environment, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == digest(5)


def test_another_seed_gives_other_names() -> None:
    assert digest(5) != digest(6)
