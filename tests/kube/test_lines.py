import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kube.lines import LineBuffer, LineTooLong


@given(st.lists(st.binary(min_size=1, max_size=30).filter(lambda part: b"\n" not in part)), st.randoms())
def test_lines_are_the_same_however_the_stream_is_cut(lines, random):
    stream = b"".join(line + b"\n" for line in lines)
    buffer = LineBuffer(1000)
    got = []
    while stream:
        size = random.randint(1, 40)
        got.extend(buffer.feed(stream[:size]))
        stream = stream[size:]
    assert got == [line for line in lines if not line.isspace()]
    assert not buffer.incomplete


def test_a_line_that_has_not_ended_is_held_and_known_to_be_incomplete():
    buffer = LineBuffer(100)
    assert buffer.feed(b"one\ntw") == [b"one"]
    assert buffer.incomplete
    assert repr(buffer) == "<LineBuffer held=2 limit=100>"
    assert buffer.feed(b"o\n") == [b"two"]
    assert not buffer.incomplete


def test_empty_lines_are_left_out():
    assert LineBuffer(100).feed(b"\n\r\none\n\n") == [b"one"]


@pytest.mark.parametrize("chunks", [[b"x" * 11], [b"x" * 6, b"x" * 6], [b"x" * 11 + b"\n"], [b"ok\n" + b"x" * 11]])
def test_a_line_beyond_the_limit_is_refused_whether_or_not_it_ends(chunks):
    buffer = LineBuffer(10)
    for chunk in chunks[:-1]:
        assert buffer.feed(chunk) == []
    with pytest.raises(LineTooLong, match="more than 10 bytes"):
        buffer.feed(chunks[-1])
