import pytest

from edge.gateway.caching.ranges import part

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
FIELDS = [(b"etag", b'"a"'), (b"last-modified", DATE.encode())]


def wanted(fields=FIELDS, size=10, **headers):
    return part(lambda name: headers.get(name.decode().replace("-", "_")), fields, size)


@pytest.mark.parametrize(
    ("said", "which"),
    [
        ("bytes=0-3", (0, 4)),
        ("bytes=3-", (3, 10)),
        ("bytes=-4", (6, 10)),
        ("bytes=-40", (0, 10)),
        ("Bytes = 8-99", (8, 10)),
        ("bytes=9-9", (9, 10)),
        ("bytes=10-", (10, 10)),
        ("bytes=-0", (10, 10)),
        ("bytes=4-3", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("bytes=٣-", None),
        ("bytes=" + "9" * 30 + "-", None),
        ("", None),
        (None, None),
    ],
)
def test_one_range_is_understood_and_nothing_else(said, which):
    assert wanted(range=said) == which


@pytest.mark.parametrize(
    ("said", "same"),
    [
        ('"a"', True),
        ('W/"a"', False),
        ('"b"', False),
        (DATE, True),
        ("Sun, 06 Nov 1994 08:49:38 GMT", False),
        ("", False),
    ],
)
def test_a_part_is_given_only_of_the_answer_that_the_client_has(said, same):
    assert wanted(range="bytes=0-3", if_range=said) == ((0, 4) if same else None)


def test_a_weak_tag_is_never_the_same():
    assert wanted([(b"etag", b'W/"a"')], range="bytes=0-3", if_range='W/"a"') is None
    assert wanted([], range="bytes=0-3", if_range=DATE) is None
