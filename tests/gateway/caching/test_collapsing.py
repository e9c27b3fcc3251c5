from edge.gateway.caching.collapsing import PATIENCE, Fetches, Waiter
from edge.gateway.caching.store import Key
from tests.gateway.dialogue import FakeLoop

SLOT = (Key("a1", "u1", "x"), ())


class Waiting:
    """A fetch under way and three who wait for it; `looked` are those that were told to look again, in order."""

    def __init__(self, then=lambda waiting, waiter: None):
        self.loop, self.fetches, self.looked = FakeLoop(), Fetches(), []
        self.fetches.begin(SLOT)

        def look_again(waiter):
            self.looked.append(waiter)
            then(self, waiter)

        self.waiters = [Waiter(self.fetches, self.loop, look_again) for _ in range(3)]
        for waiter in self.waiters:
            self.fetches.join(SLOT, waiter)


def test_all_who_wait_look_again_once_the_fetch_ends():
    waiting = Waiting(then=lambda waiting, waiter: waiter.done())
    waiting.fetches.end(SLOT)
    assert (waiting.looked, SLOT in waiting.fetches) == (waiting.waiters, False)
    waiting.loop.advance(PATIENCE)
    assert len(waiting.looked) == 3


def test_the_first_begins_the_next_fetch_and_the_others_join_it():
    def then(waiting, waiter):
        if SLOT in waiting.fetches:
            waiting.fetches.join(SLOT, waiter)
        else:
            waiting.fetches.begin(SLOT)
            waiter.done()

    waiting = Waiting(then)
    waiting.fetches.end(SLOT)
    assert "1 waiting=2" in repr(waiting.fetches)
    waiting.fetches.end(SLOT)
    assert "1 waiting=1" in repr(waiting.fetches)


def test_nobody_waits_for_longer_than_the_patience_whatever_fetches_there_were():
    def then(waiting, waiter):
        if waiter.patient:
            waiting.fetches.join(SLOT, waiter)

    waiting = Waiting(then)
    waiting.loop.advance(PATIENCE - 1)
    waiting.loop.advance(1)
    assert [waiter.patient for waiter in waiting.looked] == [False] * 3
    assert "1 waiting=0" in repr(waiting.fetches)


def test_who_leaves_is_not_told():
    waiting = Waiting()
    waiting.fetches.leave(waiting.waiters[1])
    waiting.waiters[1].done()
    waiting.fetches.end(SLOT)
    assert waiting.looked == [waiting.waiters[0], waiting.waiters[2]]
