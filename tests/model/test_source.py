import msgspec
from hypothesis import given
from hypothesis import strategies as st

from edge.model.endpoint import Endpoint
from edge.model.revision import Revision
from edge.model.source import Source, SourceState

labels = st.from_regex(r"[a-z]([a-z0-9-]{0,5}[a-z0-9])?", fullmatch=True)
sources = st.builds(Source, labels, labels, labels, st.integers(1, 65535) | labels)


@given(sources, sources)
def test_different_sources_have_different_keys(one, other):
    assert (one.key == other.key) == (one == other)


def test_a_key_reads_like_an_address():
    assert Source("c1", "default", "hello", 80).key == "c1/default/hello:80"


def test_equal_keys_are_kept_once():
    assert Source("c1", "default", "hello", 80).key is Source("c1", "default", "hello", 80).key
    assert repr(Source("c1", "default", "hello", "http")) == "<Source c1/default/hello:http>"


def test_a_number_stays_a_number_and_a_name_a_name_on_the_way():
    for port in (80, "http"):
        source = Source("c", "ns", "s", port)
        assert msgspec.json.decode(msgspec.json.encode(source), type=Source) == source


def test_a_state_survives_its_encoding():
    state = SourceState(Source("c", "ns", "s", 80), Revision(2, 3), (Endpoint("fd00::1", 80, "pod", terminating=True),))
    assert msgspec.json.decode(msgspec.json.encode(state), type=SourceState) == state
