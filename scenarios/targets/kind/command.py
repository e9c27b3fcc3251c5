"""The program `kind`."""

from __future__ import annotations

import asyncio
import shutil
import signal
from pathlib import Path

from scenarios.errors import TargetError

INSTALL = "install it (https://kind.sigs.k8s.io/docs/user/quick-start/#installation) so that it is on PATH"
ENDING = 10.0  # seconds that an interrupted kind may take to end
READY = "180s"  # that a new cluster's nodes may take to be ready

CONFIGURATION = """\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
networking: {podSubnet: 10.245.0.0/16}
nodes: [{role: control-plane}, {role: worker}, {role: worker}]
"""
"""Two workers, so that pods go on while the control plane's node or one worker is away. A pod network that is not
kind's default, because two clusters with the same one cannot be routed to at once."""


class Kind:
    """One cluster's name, and what `kind` does with it. TargetError with kind's own words when it fails."""

    def __init__(self, name: str) -> None:
        self._name = name
        found = shutil.which("kind")
        if found is None:
            raise TargetError(f"the target kind needs the program `kind`: {INSTALL}")
        self._program = found

    async def exists(self) -> bool:
        return self._name in (await self._run("get", "clusters")).split()

    async def create(self, folder: Path) -> None:
        """Make the cluster, and `folder`/kubeconfig for its administrator. An interrupted one is deleted again."""
        configuration = folder / "kind.yaml"
        configuration.write_text(CONFIGURATION, encoding="utf-8")
        made = ["--config", str(configuration), "--kubeconfig", str(folder / "kubeconfig"), "--wait", READY]
        try:
            await self._run("create", "cluster", "--name", self._name, *made)
        except BaseException:
            await self.delete(folder)
            raise

    async def export(self, folder: Path) -> None:
        """Write `folder`/kubeconfig for a cluster that is there."""
        await self._run("export", "kubeconfig", "--name", self._name, "--kubeconfig", str(folder / "kubeconfig"))

    async def delete(self, folder: Path) -> None:
        await self._run("delete", "cluster", "--name", self._name, "--kubeconfig", str(folder / "kubeconfig"))

    async def _run(self, *arguments: str) -> str:
        """Standard output. In a session of its own, so that Ctrl-C reaches the run alone, which ends kind in order."""
        try:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise TargetError(f"{self._program} cannot be run: {error.strerror}") from None
        try:
            output, errors = await process.communicate()
        finally:
            await _end(process)
        if process.returncode != 0:
            said = errors.decode(errors="replace").strip()[-1000:]
            raise TargetError(
                f"`kind {' '.join(arguments[:2])}` for {self._name} failed ({process.returncode}): {said}"
            )
        return output.decode(errors="replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(ENDING):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
