import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.rules import paths
from edge.rules.errors import BadPathError


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("*", "*"),
        ("//a///b//", "/a/b/"),
        ("/a/./b", "/a/b"),
        ("/a/.", "/a/"),
        ("/a/..", "/"),
        ("/a/b/..", "/a/"),
        ("/a/../b/", "/b/"),
        ("/.", "/"),
        ("/.well-known/x", "/.well-known/x"),
        ("/a/...", "/a/..."),
        ("/%61/b", "/a/b"),
        ("/a%2Fb", "/a/b"),
        ("/a/%2e%2E/b", "/b"),
        ("/a%2f..%2fb", "/b"),
        ("/a%2F%2Fb", "/a/b"),
        ("/%2525", "/%25"),
        ("/caf%C3%A9", "/café"),
        ("/a%20b", "/a b"),
        ("/a+b", "/a+b"),
        ("/a%3Fb", "/a?b"),
        ("/%ff", "/\udcff"),
    ],
)
def test_a_raw_path_is_decoded_once_merged_and_resolved(raw, path):
    assert paths.normalise(raw) == path


@pytest.mark.parametrize(
    "raw", ["", "a", "/%", "/%4", "/%zz", "/a%", "/%0", "/%00", "/a%00b", "/..", "/../a", "/a/../../b", "/%2e%2e/a"]
)
def test_a_path_that_readers_could_understand_differently_is_the_client_s_fault(raw):
    with pytest.raises(BadPathError) as caught:
        paths.normalise(raw)
    assert caught.value.reason


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("/a/b", "/a/b"),
        ("/a%2Fb", "/a%2Fb"),
        ("/%61%7e", "/a~"),
        ("/a%2fb", "/a%2Fb"),
        ("/a%20b", "/a%20b"),
        ("//evil.example", "/evil.example"),
        ("/a/%2e%2e/b", "/b"),
        ("/a%2F..%2Fb", "/b"),
        ('/a"<b>', "/a%22%3Cb%3E"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("/%0d%0aX", "/%0D%0AX"),
        ("*", "*"),
    ],
)
def test_a_clean_path_keeps_what_it_can_and_is_safe_to_write(raw, clean):
    assert paths.clean(raw, paths.normalise(raw)) == clean


raw_paths = st.text(alphabet="/.%aA2eEfF05cC\\é?;", max_size=24).map(lambda text: "/" + text)


@given(raw_paths)
def test_a_path_is_normal_forever_and_its_clean_form_means_the_same(raw):
    try:
        path = paths.normalise(raw)
    except BadPathError:
        return
    assert path.startswith("/")
    assert "//" not in path
    assert not {".", ".."} & dict.fromkeys(path.split("/")).keys()
    clean = paths.clean(raw, path)
    assert paths.normalise(clean) == path
    assert paths.clean(clean, path) == clean
    assert clean.isascii()
    assert not clean.startswith("//")
    assert not paths.has_dot_segments(clean)


@given(raw_paths)
def test_an_encoded_path_is_read_as_the_path_it_was(raw):
    try:
        path = paths.normalise(raw)
    except BadPathError:
        return
    assert paths.normalise(paths.encode(path)) == path
