import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.wire import messages
from edge.wire.messages import Document, Hello, ProtocolError, SourceUpdate, Want, down, encode, up
from tests.wire.house import revision, state


def test_a_message_is_read_as_it_was_written():
    hello = Hello(1, "p1", revision(3), {"a": revision(2)})
    assert up.read(encode(hello)) == (hello, b"")
    update = SourceUpdate(state(4, "10.0.0.1"))
    assert down.read(encode(update)) == (update, b"")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"a":\n1}\n', bytes(range(256))])
def test_a_body_follows_its_message_byte_by_byte(body):
    assert down.read(encode(Document("h1"), body)) == (Document("h1"), body)


def test_what_was_asked_is_told_in_short_lists():
    told = messages.Traffic(
        2.5, (0.1, 1.0), (messages.Series("a1", "u1", "10.0.0.1:80", (0, 2, 0, 0, 0), (1, 1, 0), 0.3),)
    )
    frame = encode(told)
    assert up.read(frame) == (told, b"")
    assert b'"series":[["a1","u1","10.0.0.1:80",[0,2,0,0,0],[1,1,0],0.3]]' in frame


def test_who_is_unhealthy_is_told_in_short_lists():
    told = messages.Findings((messages.Finding("a1", "u1", "10.0.0.1:80", 17.5, "it answered 500"),))
    frame = encode(told)
    assert up.read(frame) == (told, b"")
    assert b'"endpoints":[["a1","u1","10.0.0.1:80",17.5,"it answered 500"]]' in frame


def test_fields_and_types_of_a_newer_version_are_ignored():
    assert up.read(b'{"type":"want","documents":["h"],"sources":{},"colour":{"x":[1]}}')[0] == Want(("h",))
    assert up.read(b'{"type":"telemetry","cpu":1}') == (None, b"")
    assert down.read(b'{"type":"compressed-document","hash":"h"}\nxyz') == (None, b"xyz")


def test_fields_that_an_older_version_does_not_send_have_defaults():
    assert up.read(b'{"type":"hello"}')[0] == Hello()
    assert up.read(b'{"type":"report"}')[0] == messages.Report()


@pytest.mark.parametrize(
    "frame",
    [b"", b"\n", b"hello", b"[]", b"null", b"{}", b'{"type":7}', b"\xff\xfe", b'{"type":"hello"', b"[" * 100_000],
)
def test_what_is_no_message_says_so(frame):
    with pytest.raises(ProtocolError, match="expected a JSON object with a type"):
        up.read(frame)


def test_a_known_message_of_the_wrong_shape_names_the_field():
    with pytest.raises(
        ProtocolError, match=r"a hello message cannot be read: Expected `int`, got `str` - at `\$\.protocol`"
    ):
        up.read(b'{"type":"hello","protocol":"one"}')


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_protocol_error(frame):
    for reader in (up, down):
        try:
            reader.read(frame)
        except ProtocolError:
            pass


@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_any_json_under_a_known_type_is_a_message_or_a_protocol_error(value):
    for kind in ("hello", "want", "report", "waiting", "served", "answer", "findings"):
        try:
            fields = dict.fromkeys(("sources", "target", "id", "endpoints"), value)
            up.read(msgspec.json.encode({"type": kind, **fields}))
        except ProtocolError:
            pass
