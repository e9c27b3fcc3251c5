"""`traceparent` and `tracestate` as W3C Trace Context says."""

import pytest

from edge.gateway.telemetry.trace_context import TraceContext, read

TRACE, PARENT = b"4bf92f3577b34da6a3ce929d0e0e4736", b"00f067aa0ba902b7"
VALID = b"00-%b-%b-01" % (TRACE, PARENT)


def test_a_context_is_read_with_its_state_joined() -> None:
    fields = [(b"traceparent", VALID), (b"tracestate", b"a=1,b=2"), (b"tracestate", b""), (b"tracestate", b"c=3")]
    assert read(fields) == TraceContext(TRACE, PARENT, True, b"a=1,b=2,c=3")


@pytest.mark.parametrize(("flags", "sampled"), [(b"00", False), (b"01", True), (b"02", False), (b"ff", True)])
def test_of_the_flags_only_sampled_counts(flags: bytes, sampled: bool) -> None:
    found = read([(b"traceparent", VALID[:-2] + flags)])
    assert found is not None
    assert found.sampled is sampled


def test_a_later_version_may_say_more() -> None:
    found = read([(b"traceparent", b"cc-%b-%b-01-what-the-future-holds" % (TRACE, PARENT))])
    assert found == TraceContext(TRACE, PARENT, True)
    assert read([(b"traceparent", b"cc-%b-%b-01" % (TRACE, PARENT))]) is not None


@pytest.mark.parametrize(
    "value",
    [
        b"",
        VALID + b"-more",
        b"ff" + VALID[2:],
        b"00-" + b"0" * 32 + b"-00f067aa0ba902b7-01",
        b"00-" + TRACE + b"-0000000000000000-01",
        VALID.upper(),
        VALID[:-1],
        VALID + b" ",
        b"cc-%b-%b-01.x" % (TRACE, PARENT),
        b"cc-%b-%b-01-\n" % (TRACE, PARENT),
        b"0-%b-%b-01" % (TRACE, PARENT),
        b"00-%b-%b-0g" % (TRACE, PARENT),
    ],
)
def test_what_is_not_valid_is_no_context(value: bytes) -> None:
    assert read([(b"traceparent", value)]) is None


def test_two_are_none_and_a_long_state_is_left_out() -> None:
    assert read([]) is None
    assert read([(b"traceparent", VALID), (b"traceparent", VALID)]) is None
    found = read([(b"traceparent", VALID), (b"tracestate", b"a=" + b"x" * 600)])
    assert found == TraceContext(TRACE, PARENT, True)
