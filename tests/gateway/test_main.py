import asyncio
import os
import signal
import socket
import sys

from tests.gateway.admins import FakeAdmin
from tests.wire.house import release

SUPERVISOR = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


async def start(folder, admin, *options, listener=None):
    """A gateway; `listener` is passed on as systemd does."""
    listen = ("127.0.0.1", 0) if listener is None else listener.getsockname()
    supervisor = () if listener is None else ("-c", SUPERVISOR, str(listener.fileno()))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, *supervisor, "-m", "edge", "gateway", "--admin", admin, "--name", "gateway-1"),
        *("--listen", "{}:{}".format(*listen), "--status-listen", "127.0.0.1:0", "--data-dir", str(folder), *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "EDGE_GATEWAY_JOIN_TOKEN": "a-join-token"},
        pass_fds=() if listener is None else (listener.fileno(),),
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


async def test_nobody_is_refused_while_a_gateway_with_a_supervisors_socket_is_restarted(tmp_path):
    """Connections that come while there is no gateway wait in the queue for the next one."""
    async with FakeAdmin() as admin:
        admin.hub.publish_manifest(*release(1))
        with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
            address = listener.getsockname()
            for _ in range(2):
                waiting, writer = await asyncio.open_connection(*address)
                writer.write(b"GET / HTTP/1.1\r\nHost: nobody.example\r\nConnection: close\r\n\r\n")
                process = await start(tmp_path, admin.url, listener=listener)
                assert (await process.stdout.readline()).startswith(
                    b"edge gateway ready http://%s:%d " % (b"127.0.0.1", address[1])
                )
                assert (await waiting.read()).startswith(b"HTTP/1.1 404 ")
                writer.close()
                process.send_signal(signal.SIGTERM)
                _, errors = await process.communicate()
                assert (process.returncode, b"Traceback" in errors) == (0, False)
            other = await start(tmp_path, admin.url, "--listen", "127.0.0.1:0", listener=listener)
            assert b"no option says to listen there" in (await other.communicate())[1]
            assert other.returncode == 1
