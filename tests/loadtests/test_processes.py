"""What /proc says, read."""

import os
import socket
import sys

import pytest

from loadtests.peers.processes import (
    PAGE,
    TICK,
    Running,
    Stat,
    cores,
    descendants,
    free_port,
    parse_stat,
    proportional,
    tree,
)

LINE = "42 (a (strange) name) S 7 42 42 0 -1 4194560 900 0 0 0 250 50 9 9 20 0 3 0 77 1000000 512 18446744073709551615"


def test_a_stat_line_is_read_behind_the_last_parenthesis() -> None:
    assert parse_stat(LINE) == Stat(42, 7, 300 / TICK, 512 * PAGE)


def test_descendants_are_found_at_any_depth_and_strangers_are_not() -> None:
    stats = {pid: Stat(pid, parent, 1.0, 1) for pid, parent in ((1, 0), (5, 1), (6, 5), (7, 6), (8, 1), (9, 8))}
    assert [stat.pid for stat in descendants(5, stats)] == [5, 6, 7]
    assert descendants(4, stats) == []


def test_shared_memory_is_divided() -> None:
    text = "7f-80 ---p 00000000 00:00 0    [rollup]\nRss:   53952 kB\nPss:   39728 kB\nPss_Dirty: 1 kB\n"
    assert proportional(text) == 39728 * 1024
    with pytest.raises(ValueError, match="Pss"):
        proportional("Rss: 1 kB")


def test_this_process_is_in_its_own_tree() -> None:
    (stat, *_) = tree(os.getpid())
    assert stat.pid == os.getpid()
    assert stat.rss > 2**20


def test_proxies_and_load_get_cores_of_their_own_or_none() -> None:
    where = cores()
    allowed = os.sched_getaffinity(0)
    assert where == (None, None) if len(allowed) < 2 else where.proxy != where.load


def test_a_program_that_ends_at_once_is_told_with_its_last_words(tmp_path) -> None:
    running = Running([sys.executable, "-c", "print('no such port')"], None, tmp_path / "log")
    try:
        with pytest.raises(RuntimeError, match="no such port"):
            running.wait_for(free_port(), "host", seconds=10)
    finally:
        running.end()


def test_a_program_ends_and_frees_its_port(tmp_path) -> None:
    port = free_port()
    running = Running([sys.executable, "-m", "loadtests.peers.sink", str(port)], None, tmp_path / "log")
    try:
        assert b"host: shop.example" in running.wait_for(port, "shop.example")
        assert running.measure()[0].pid == running.pid
    finally:
        running.end()
    assert running.measure() == []
    socket.create_server(("127.0.0.1", port)).close()
