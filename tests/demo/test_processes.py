import socket

import pytest

from edge.demo.processes import DemoError, port_or_any, start
from edge.tasks import Tasks


def test_a_port_in_use_is_given_up_for_any_free_one():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert port_or_any(taken.getsockname()[1]) == 0


def test_a_free_port_is_kept():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert port_or_any(port) == port


async def test_a_process_that_ends_instead_of_starting_is_an_error_with_its_last_words(tmp_path):
    child = await start("no-such-command", [], tmp_path)
    tasks = Tasks()
    with pytest.raises(DemoError, match=r"(?s)ended with code 2 instead of starting.*No such command"):
        await child.wait_ready(tasks)
    await tasks.close()
