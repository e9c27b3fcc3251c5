"""The client in Python against a real endpoint, and its timer."""

import os
import select
import socket
import sys

from loadtests.peers.client import Load, Told, timer
from loadtests.peers.load import Ask, client
from loadtests.peers.processes import Running, free_port


def test_a_timer_ticks_as_often_as_it_is_told() -> None:
    descriptor = timer(200.0)
    try:
        count = 0
        while count < 20:
            assert select.select([descriptor], [], [], 5)[0]
            count += int.from_bytes(os.read(descriptor, 8), sys.byteorder)
    finally:
        os.close(descriptor)


def test_a_steady_load_keeps_its_rate_and_fails_nothing(tmp_path) -> None:
    port = free_port()
    sink = Running([sys.executable, "-m", "loadtests.peers.sink", str(port)], None, tmp_path / "log")
    try:
        sink.wait_for(port, "a.example")
        steady = Load(Told(port, Ask("/", ("a.example",)), 4, 0.3, 100.0)).steady()
        assert steady.failed == 0
        assert 5 <= steady.requests <= 31  # fewer when this machine stands still at the end
        told = {"port": port, "ask": Ask("/", ("a.example",)), "connections": 2, "seconds": 0.1, "rate": 0.0}
        assert client("closed", **told).requests > 0  # as a process of its own
        upload = Load(Told(port, Ask("/upload", ("a.example",), upload=65536, close=True), 2, 0.2, 0.0)).closed()
        assert upload.failed == 0
        assert upload.requests > 0
        assert 0 < upload.p50 <= upload.p99
    finally:
        sink.end()


def test_requests_that_nobody_answers_are_late_and_charged_with_their_wait() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        steady = Load(Told(silent.getsockname()[1], Ask("/", ("a.example",)), 2, 0.1, 50.0)).steady()
    assert (steady.requests, steady.failed) == (0, 0)
    assert steady.late >= 2
    assert steady.p50 >= 900  # ms: it waits for a second, and then says so
