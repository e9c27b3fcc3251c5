import pytest

from edge.gateway.caching import freshness

DATE = (b"date", b"Sun, 06 Nov 1994 08:49:37 GMT")
LATER = (b"expires", b"Sun, 06 Nov 1994 08:50:37 GMT")


def control(value, *more):
    return [(b"cache-control", value), *more]


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        (control(b"max-age=60"), 60),
        (control(b"MAX-AGE=60, public"), 60),
        (control(b"max-age=60, s-maxage=5"), 5),
        (control(b"max-age=60, max-age=5"), 60),
        (control(b'max-age="60"'), 60),
        ([(b"cache-control", b"public"), (b"cache-control", b"max-age=7")], 7),
        (control(b"max-age=99999999999999999999"), freshness.LONGEST),
        (control(b"max-age=-1"), None),
        ([DATE, LATER], 60),
        ([LATER], None),
        ([DATE, (b"expires", DATE[1])], None),
        ([DATE, (b"expires", b"soon")], None),
        (control(b"max-age=5", DATE, LATER), 5),
        ([], None),
        (control(b"no-store, max-age=60"), None),
        (control(b'private="x-a", max-age=60'), None),
    ],
)
def test_an_answer_says_how_long_it_is_fresh(fields, seconds):
    assert freshness.lifetime(200, fields, None, False) == seconds


def test_the_rule_counts_where_the_answer_does_not_say():
    assert freshness.lifetime(200, [], 9, False) == 9
    assert freshness.lifetime(200, control(b"max-age=60"), 9, False) == 60
    assert freshness.lifetime(200, control(b"max-age=60"), 9, True) == 9
    assert freshness.lifetime(206, [], 9, True) is None
    assert freshness.lifetime(500, [], 9, True) is None


def test_an_answer_has_an_age_when_it_comes():
    sent = freshness.date(DATE[1].decode())
    assert freshness.initial_age([DATE], sent + 5) == 5
    assert freshness.initial_age([DATE, (b"age", b"30")], sent + 5) == 30
    assert freshness.initial_age([DATE], sent - 5) == 0
    assert freshness.initial_age([(b"date", b"now"), (b"age", b"-3")], 0.0) == 0


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (b"max-age=9", 30),
        (b"stale-while-revalidate=60", 60),
        (b"stale-while-revalidate=9", 30),
        (b"s-maxage=9, stale-while-revalidate=9", 9),
        (b"s-maxage=9", 0),
        (b"must-revalidate, stale-while-revalidate=60", 0),
        (b"proxy-revalidate", 0),
    ],
)
def test_a_stale_answer_may_be_given_while_it_is_asked_for_anew(said, seconds):
    assert freshness.stale_while_revalidate(control(said), 30) == seconds


def test_conditions_are_judged_by_etag_before_date():
    def asked(**fields):
        return lambda name: fields.get(name.decode().replace("-", "_"))

    fields = [(b"etag", b'"a"'), (b"last-modified", DATE[1])]
    since = DATE[1].decode()
    assert freshness.matches(asked(if_none_match='"x", W/"a"'), fields)
    assert freshness.matches(asked(if_none_match="*"), fields)
    assert freshness.matches(asked(if_modified_since=since), fields)
    assert not freshness.matches(asked(if_none_match='"x"', if_modified_since=since), fields)
    assert not freshness.matches(asked(if_modified_since="Sun, 06 Nov 1994 08:49:36 GMT"), fields)
    assert not freshness.matches(asked(if_modified_since="yesterday"), fields)
    assert not freshness.matches(asked(), fields)


def test_a_304_brings_new_fields_and_leaves_the_body_s_own():
    old = [(b"etag", b"1"), (b"content-type", b"text/html"), (b"age", b"9"), (b"x", b"1"), (b"x", b"2")]
    new = [(b"etag", b"2"), (b"content-type", b"text/plain"), (b"x", b"3")]
    assert freshness.refreshed(old, new) == ((b"content-type", b"text/html"), (b"etag", b"2"), (b"x", b"3"))
