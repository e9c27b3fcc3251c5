"""`edge scenario` as a process of its own, and what it started."""

import asyncio
import sys
from pathlib import Path


async def scenario(*arguments, environment=None):
    """Start `edge scenario ARGUMENTS…`; both outputs are readable."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "edge",
        "scenario",
        *map(str, arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )


async def ended(process):
    """(exit code, standard output, standard error)."""
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


async def until_line(process, part):
    """Read its output up to the line that contains `part`."""
    while line := (await process.stdout.readline()).decode():
        if part in line:
            return
    raise AssertionError(f"ended without {part!r}: {(await process.stderr.read()).decode()}")


def below(pid):
    """Every process that `pid` started, and those that these started (Linux): id → the command's words."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text().rpartition(")")[2].split()
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue  # it ended meanwhile
            if stat[0] != "Z":
                parents[int(folder.name)] = int(stat[1]), words
    found, level = {}, {pid}
    while level:
        level = {child for child, (parent, _) in parents.items() if parent in level}
        found |= {child: parents[child][1] for child in level}
    return found


def alive(pids):
    """Those that have not ended."""
    return {pid for pid in pids if Path(f"/proc/{pid}/stat").exists() and not _zombie(pid)}


def _zombie(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
