import signal
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


async def test_how_a_process_ended_is_said_also_when_it_could_not_say_it_itself(tmp_path):
    tasks = Tasks()
    child = await start("simulator", ["--listen", "127.0.0.1:0", "--control-listen", "127.0.0.1:0"], tmp_path)
    await child.wait_ready(tasks)
    assert child.end_in_words() == "still runs"
    child.signal(signal.SIGKILL)
    await child.ended()
    assert child.end_in_words() == "was ended by the signal SIGKILL"
    await tasks.close()
