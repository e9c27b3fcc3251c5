"""Access lines: batches, stuck readers, moved files."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from edge.gateway.telemetry.access_log import AccessLog
from edge.gateway.telemetry.line import Line
from tests.gateway.dialogue import Dialogue, FakeLoop
from tests.gateway.serving import serving


def line(request_id: str = "1") -> Line:
    return Line(1.0, request_id, "192.0.2.7", "a1", "GET", "www.example.com", "/", 200, 100, 0.001)


def log(loop: FakeLoop, path: Path, batch: int = 10_000) -> AccessLog:
    typed: Any = loop
    return AccessLog(typed, str(path), batch, 0.5)


def test_lines_are_written_together_a_moment_after_the_first(tmp_path: Path) -> None:
    loop = FakeLoop()
    path = tmp_path / "access.log"
    access = log(loop, path, batch=100_000)
    for number in range(100):
        access.write(line(str(number)))
    assert path.read_bytes() == b""
    assert loop.timers_made == 1
    loop.advance(0.6)
    assert [json.loads(text)["request_id"] for text in path.read_text().splitlines()] == [str(n) for n in range(100)]
    loop.advance(10)
    assert loop.armed == 0
    access.close()


def test_a_large_batch_does_not_wait(tmp_path: Path) -> None:
    access = log(FakeLoop(), tmp_path / "access.log", batch=1000)
    for _ in range(20):
        access.write(line())
    assert (tmp_path / "access.log").stat().st_size > 1000
    access.close()
    assert len((tmp_path / "access.log").read_text().splitlines()) == 20


def pipe(path: Path) -> int:
    """A named pipe; the descriptor to read it by."""
    os.mkfifo(path)
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK)


def ids(written: bytes) -> list[str]:
    return [json.loads(text)["request_id"] for text in written.splitlines()]


def test_a_stuck_reader_loses_lines_and_holds_up_nothing(tmp_path: Path) -> None:
    reader = pipe(tmp_path / "pipe")
    access = log(FakeLoop(), tmp_path / "pipe", batch=1000)
    for _ in range(2000):
        access.write(line())
    access.close()
    read = os.read(reader, 2**20)
    assert len(ids(read)) + access.lost == 2000
    assert access.lost > 0
    os.close(reader)


def test_workers_that_share_a_pipe_which_fills_do_not_cut_each_others_lines(tmp_path: Path) -> None:
    reader = pipe(tmp_path / "pipe")
    both = [log(FakeLoop(), tmp_path / "pipe", batch=10_000_000) for _ in range(2)]
    for access in both:
        for _ in range(600):
            access.write(line("before"))
        access.flush()
    read = os.read(reader, 2**20)
    for access in both:
        access.write(line("after"))
        access.close()
    found = ids(read + os.read(reader, 2**20))
    assert found == ["before"] * (len(found) - 2) + ["after"] * 2
    assert sum(access.lost for access in both) == 2 * 601 - len(found) > 0
    os.close(reader)


def test_a_line_too_long_for_a_full_pipe_is_finished_before_the_next(tmp_path: Path) -> None:
    reader = pipe(tmp_path / "pipe")
    access = log(FakeLoop(), tmp_path / "pipe", batch=10_000_000)
    for _ in range(100):
        access.write(line("before" * 900))
    access.flush()
    first = os.read(reader, 2**20)
    assert not first.endswith(b"\n")
    access.write(line("after"))
    access.close()
    found = ids(first + os.read(reader, 2**20))
    assert found == ["before" * 900] * (len(found) - 1) + ["after"]
    assert access.lost == 100 + 1 - len(found)
    os.close(reader)


def test_a_line_cut_by_a_full_disk_is_finished_when_there_is_room_again(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    access = log(FakeLoop(), path)
    for _ in range(10):
        access.write(line("before"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))  # the kernel takes so much of the batch and no more
    try:
        access.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.stat().st_size == 500
    access.write(line("after"))
    access.close()
    found = ids(path.read_bytes())
    assert found == ["before"] * (len(found) - 1) + ["after"]
    assert access.lost == 11 - len(found) > 0


def test_standard_output_stays_blocking_for_the_others_who_have_it(tmp_path: Path) -> None:
    """The flag belongs to what was opened, and with it to the shell, and to standard error where both are one."""
    program = (
        "import os; from edge.gateway.telemetry.access_log import AccessLog\n"
        "import asyncio; access = AccessLog(asyncio.new_event_loop(), '-', 1, 1.0)\n"
        "access.write({'status': 200}); access.close(); os._exit(0 if os.get_blocking(1) else 3)"
    )
    reader, writer = os.pipe()
    one, other = socket.socketpair()
    for said, heard in ((writer, reader), (other.fileno(), one.fileno())):
        assert subprocess.run([sys.executable, "-c", program], stdout=said, check=False).returncode == 0
        assert os.read(heard, 1000) == b'{"status":200}\n'
    for descriptor in (reader, writer):
        os.close(descriptor)
    one.close()
    other.close()


def test_a_file_moved_away_is_left_when_asked_though_there_is_nothing_to_write(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    access = log(FakeLoop(), path)
    path.rename(tmp_path / "access.log.1")
    access.reopen()
    assert path.exists()
    access.close()
    access.reopen()


@pytest.mark.parametrize("created", [False, True])
def test_a_file_that_was_moved_away_is_left_with_the_next_batch(tmp_path: Path, created: bool) -> None:
    path = tmp_path / "access.log"
    access = log(FakeLoop(), path)
    access.write(line("old"))
    access.flush()
    path.rename(tmp_path / "access.log.1")
    if created:
        path.touch()
    access.write(line("new"))
    access.close()
    assert [json.loads(text)["request_id"] for text in (tmp_path / "access.log.1").read_text().splitlines()] == ["old"]
    assert [json.loads(text)["request_id"] for text in path.read_text().splitlines()] == ["new"]


def test_a_file_that_was_moved_away_is_kept_where_no_new_one_can_be_made(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    access = log(FakeLoop(), folder / "access.log")
    folder.rename(tmp_path / "elsewhere")
    access.write(line("late"))
    access.close()
    assert "late" in (tmp_path / "elsewhere" / "access.log").read_text()


def test_lines_are_lost_and_counted_while_the_file_cannot_be_opened(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    with capture_logs() as logs:
        access = log(FakeLoop(), folder / "access.log")
        access.write(line("lost"))
        access.flush()
    assert access.lost == 1
    assert [entry["reason"] for entry in logs] == ["No such file or directory"]
    folder.mkdir()
    access.write(line("kept"))
    access.close()
    assert [json.loads(text)["request_id"] for text in (folder / "access.log").read_text().splitlines()] == ["kept"]


def test_a_pipe_that_nobody_reads_yet_holds_nothing_up(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with capture_logs():
        access = log(FakeLoop(), path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    access.write(line("read"))
    access.close()
    assert json.loads(os.read(reader, 2**16))["request_id"] == "read"
    os.close(reader)


def test_a_request_is_one_line_without_secrets(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    dialogue = Dialogue(serving("10.0.0.1:80"), access_log=str(path))
    client = dialogue.client()
    client.says(
        b"GET /a?token=secret HTTP/1.1\r\nHost: www.example.com\r\n"
        b"Authorization: Bearer secret\r\nCookie: secret\r\n\r\n"
    )
    dialogue.refuses()
    client.says(b"bad\r\n\r\n")
    dialogue.wait(1)
    first, second = map(json.loads, path.read_text().splitlines())
    assert {key: first[key] for key in ("client", "application", "method", "host", "path", "status")} == {
        "client": "192.0.2.7",
        "application": "a1",
        "method": "GET",
        "host": "www.example.com",
        "path": "/a",
        "status": 502,
    }
    assert (first["upstream"], first["endpoint"], first["attempts"]) == ("u1", "10.0.0.1:80", 1)
    assert (second["status"], second["path"]) == (400, "")
    assert "secret" not in path.read_text()
    dialogue.path.access_log.close()
