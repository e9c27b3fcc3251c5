import itertools
import random

from edge.gateway.agent.backoff import Backoff


def test_it_is_quick_first_grows_and_never_waits_longer_than_the_limit():
    backoff = Backoff(random.Random(1), first=0.1, limit=5)
    waits = [backoff.next() for _ in range(20)]
    for number, wait in enumerate(waits):
        longest = min(0.1 * 1.5**number, 5)
        assert longest / 2 <= wait <= longest
    tried = list(itertools.accumulate(waits))
    for back in (0.5, 1, 2, 3):
        assert next(at for at in tried if at >= back) - back < 1.5, "soon after a peer that restarts is back"


def test_it_begins_anew_after_a_success_and_differs_between_gateways():
    backoff = Backoff(random.Random(1))
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert backoff.next() <= 0.1
    assert Backoff(random.Random(1)).next() != Backoff(random.Random(2)).next()


def test_quick_attempts_find_a_peer_that_restarts_a_moment_after_it_is_back():
    backoff = Backoff(random.Random(1), quick=40)
    tried = list(itertools.accumulate(backoff.next() for _ in range(80)))
    for back in (0.5, 1, 2, 3, 5, 8):
        assert next(at for at in tried if at >= back) - back <= 0.4
    assert tried[-1] - tried[-2] > 2, "and then it is left alone as any other"
    backoff.reset()
    assert max(backoff.next() for _ in range(40)) <= 0.4
