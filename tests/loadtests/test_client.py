"""The client in Python against a real endpoint, and its timer."""

import os
import select
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
