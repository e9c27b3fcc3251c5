from edge.admin.access.limiter import KEYS, Limiter


def test_attempts_within_the_window_are_counted_for_each_key():
    limiter = Limiter(2, 10)
    assert [limiter.attempt("a", 0), limiter.attempt("a", 4), limiter.attempt("b", 5)] == [0, 0, 0]
    assert limiter.attempt("a", 6) == 4
    assert limiter.attempt("a", 10.5) == 0


def test_a_refused_attempt_does_not_make_the_wait_longer():
    limiter = Limiter(1, 10)
    limiter.attempt("a", 0)
    assert [limiter.attempt("a", now) for now in (1, 5, 9)] == [9, 5, 1]


def test_forgiven_attempts_are_forgotten():
    limiter = Limiter(1, 10)
    limiter.attempt("a", 0)
    limiter.forgive("a")
    limiter.forgive("never seen")
    assert limiter.attempt("a", 1) == 0


def test_only_the_last_touched_keys_are_remembered():
    limiter = Limiter(1, 10)
    for number in range(KEYS + 1):
        limiter.attempt(str(number), 0)
    assert limiter.attempt("0", 1) == 0
    assert limiter.attempt(str(KEYS), 1) == 9
