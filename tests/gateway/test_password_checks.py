import asyncio
import threading

from edge.gateway.password_checks import FAILURES, PER_CLIENT, QUEUE, PasswordChecks
from tests.gateway.dialogue import FakeLoop


def begun(checks, address, good=False):
    """What came of it: a list that the result is put into, or the refusal."""
    results = []
    return checks.start(address, lambda: good, results.append) or results


def status(outcome):
    return 0 if isinstance(outcome, list) else outcome.status


def test_a_check_is_done_later_and_its_result_told():
    loop = FakeLoop()
    checks = PasswordChecks(loop)
    good, bad = begun(checks, "192.0.2.1", True), begun(checks, "192.0.2.1")
    assert (good, bad) == ([], [])
    loop.run_ready()
    assert (good, bad) == ([True], [False])


def test_the_checks_of_one_client_and_of_all_are_bounded():
    loop = FakeLoop()
    checks = PasswordChecks(loop)
    assert [status(begun(checks, "192.0.2.1", True)) for _ in range(PER_CLIENT + 1)] == [0] * PER_CLIENT + [429]
    others = [status(begun(checks, f"192.0.2.{n}", True)) for n in range(2, QUEUE + 2)]
    assert others == [0] * (QUEUE - PER_CLIENT) + [503] * PER_CLIENT
    loop.run_ready()
    assert status(begun(checks, "192.0.2.1", True)) == 0


def failures(loop, checks, address):
    """How many wrong guesses are checked until one is refused, and that refusal."""
    for number in range(1000):
        outcome = begun(checks, address)
        if status(outcome):
            return number, outcome
        loop.run_ready()


def test_wrong_guesses_of_a_client_are_bounded_and_others_are_not_held_to_it():
    loop = FakeLoop()
    checks = PasswordChecks(loop)
    number, refusal = failures(loop, checks, "192.0.2.1")
    assert (number, refusal.status, refusal.fields) == (FAILURES, 429, ((b"retry-after", b"6"),))
    assert status(begun(checks, "192.0.2.2", True)) == 0
    loop.advance(6.1)
    assert failures(loop, checks, "192.0.2.1")[0] == 1
    loop.advance(61)
    assert failures(loop, checks, "192.0.2.1")[0] == FAILURES


def test_what_is_good_counts_against_nobody():
    loop = FakeLoop()
    checks = PasswordChecks(loop)
    for _ in range(FAILURES * 3):
        assert status(begun(checks, "192.0.2.1", True)) == 0
        loop.run_ready()


def test_an_ipv6_network_is_one_client():
    loop = FakeLoop()
    checks = PasswordChecks(loop)
    for number in range(FAILURES):
        assert status(begun(checks, f"2001:db8::{number:x}")) == 0
        loop.run_ready()
    assert status(begun(checks, "2001:db8::ffff:1")) == 429
    assert status(begun(checks, "2001:db8:0:1::1")) == 0


async def test_in_real_time_it_is_done_in_a_thread():
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    checks = PasswordChecks(loop)
    seen = []

    def work():
        seen.append(threading.current_thread() is threading.main_thread())
        return True

    assert checks.start("192.0.2.1", work, lambda good: (seen.append(good), done.set())) is None
    await done.wait()
    checks.close()
    assert seen == [False, True]
