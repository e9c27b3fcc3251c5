import asyncio
import os
import signal
import sys

from tests.gateway.admins import FakeAdmin
from tests.wire.house import release


async def start(folder, admin, *options):
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "gateway", "--admin", admin, "--name", "gateway-1"),
        *("--listen", "127.0.0.1:0", "--status-listen", "127.0.0.1:0", "--data-dir", str(folder), *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "EDGE_GATEWAY_JOIN_TOKEN": "a-join-token"},
    )


async def test_it_prints_one_ready_line_and_ends_cleanly_on_sigterm(tmp_path):
    async with FakeAdmin() as admin:
        admin.hub.publish_manifest(*release(1))
        process = await start(tmp_path, admin.url)
        line = (await process.stdout.readline()).decode()
        words = line.split()
        assert line == f"edge gateway ready {words[3]} status {words[5]}\n"
        assert admin.knocks[0][1]["edge-join-token"] == "a-join-token"
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM):  # two are for log rotation and end nothing
            process.send_signal(number)
        output, errors = await process.communicate()
        assert process.returncode == 0
        assert output == b""
        assert b"Traceback" not in errors
        assert b"a-join-token" not in errors
        credential = (tmp_path / "credential").read_text().strip()
        assert credential.encode() not in errors
        assert admin.hub.connected == ()


async def test_a_refused_join_prints_the_admins_reason_and_exits_with_1(tmp_path):
    async with FakeAdmin() as admin:
        admin.refuse(401, "the join token is not known")
        process = await start(tmp_path, admin.url)
        output, errors = await process.communicate()
        assert process.returncode == 1
        assert output == b""
        assert errors.endswith(b"edge gateway: the Admin refuses this gateway: the join token is not known\n")
        assert b"Traceback" not in errors
