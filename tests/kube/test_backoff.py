from random import Random

from edge.kube.backoff import Backoff


def test_pauses_double_up_to_the_cap_and_are_shortened_by_up_to_half():
    backoff = Backoff(Random(1), 1.0, 8.0)
    pauses = [backoff.pause() for _ in range(50)]
    for pause, longest in zip(pauses, [1, 2, 4, 8, *[8] * 46], strict=True):
        assert longest / 2 <= pause <= longest


def test_the_first_pause_may_be_free_and_is_so_again_after_a_reset():
    backoff = Backoff(Random(1), 1.0, 8.0, first_free=True)
    assert backoff.pause() == 0
    assert backoff.pause() > 0
    backoff.reset()
    assert backoff.pause() == 0


def test_two_readers_do_not_pause_alike():
    one, other = Backoff(Random(1), 1.0, 8.0), Backoff(Random(2), 1.0, 8.0)
    assert [one.pause() for _ in range(3)] != [other.pause() for _ in range(3)]
