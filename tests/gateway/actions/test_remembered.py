from edge.gateway.actions.remembered import Remembered


def test_what_was_put_is_found_until_its_time():
    known = Remembered()
    digest = known.digest(b"a")
    known.put(digest, "yes", 10.0)
    assert known.find(digest, 9.9) == "yes"
    assert known.find(known.digest(b"b"), 9.9) is None
    assert known.find(digest, 10.0) is None
    assert len(known) == 0


def test_the_oldest_goes_when_there_are_too_many():
    known = Remembered(2)
    for value in "abac":
        known.put(known.digest(value.encode()), value, 10.0)
    assert [known.find(known.digest(value), 0.0) for value in (b"a", b"b", b"c")] == ["a", None, "c"]


def test_digests_differ_from_one_to_the_other():
    assert Remembered().digest(b"a") != Remembered().digest(b"a")
