from email.utils import formatdate

from hypothesis import given
from hypothesis import strategies as st

from edge.gateway.http.date import DateLine, http_date


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_the_line_is_made_anew_once_a_second_and_is_a_http_date():
    clock = Clock()
    line = DateLine(clock)
    first = line()
    assert first.startswith(b"date: ")
    assert first.endswith(b" GMT\r\n")
    assert line() is first
    clock.now += 1
    assert line() is not first


@given(st.floats(0, 2**37))
def test_a_date_is_written_as_the_library_for_mail_writes_it(moment):
    assert http_date(moment) == formatdate(int(moment), usegmt=True)
