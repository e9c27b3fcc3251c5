import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.model.actions import RewritePath
from edge.rules import paths
from edge.rules.errors import BadPathError
from edge.rules.rewriting import ReplacementError, compile_rewrite, parse


def rewrite(raw, replacement, **how):
    path = paths.normalise(raw)
    return compile_rewrite(RewritePath(replacement, **how))(paths.clean(raw, path), path)


@pytest.mark.parametrize(
    ("raw", "prefix", "replacement", "expected"),
    [
        ("/a/b", "/a", "/", "/b"),
        ("/a", "/a", "/", "/"),
        ("/a", "/a", "", "/"),
        ("/a/", "/a", "/", "/"),
        ("/a/b", "/a/", "/", "/b"),
        ("/a/b", "/a", "/x/y", "/x/y/b"),
        ("/a/b", "/a", "", "/b"),
        ("/ab", "/a", "/", "/b"),
        ("/b", "/a", "/x", None),
        ("/a/c%2Fd%20e", "/a", "/x", "/x/c%2Fd%20e"),
        ("/%61/b", "/a", "/x", "/x/b"),
        ("/a%2Fb/c%2Fd", "/a/b", "/x", "/x/c/d"),
        ("/a//b/../c", "/a", "/x", "/x/c"),
        ("/caf%C3%A9/b", "/café", "/té é", "/t%C3%A9%20%C3%A9/b"),
        ("/a/b", "/a", "/50%25", "/50%25/b"),
    ],
)
def test_a_prefix_is_replaced(raw, prefix, replacement, expected):
    assert rewrite(raw, replacement, prefix=prefix) == expected


@pytest.mark.parametrize(
    ("raw", "pattern", "replacement", "expected"),
    [
        ("/v12/x", r"^/v(\d+)/", "/$1/", "/12/x"),
        ("/x", r"^/v(\d+)/", "/$1/", None),
        ("/a/b/c", r"^/(\w)/(\w)", "/$2/$1", "/b/a/c"),
        ("/a/b", r"b$", "$0$0", "/a/bb"),
        ("/a/b", r"b", "$$1", "/a/$1"),
        ("/a/b", r"^/a(x)?", "/z$1", "/z/b"),
        ("/a/b", r"^.*$", "x", "/x"),
        ("/files/c%2Fd", r"^/files/([^/]+)$", "/f/$1", "/f/c%2Fd"),
        ("/caf%C3%A9/b%2Fc", r"^/é|^/café", "/x", "/x/b/c"),
    ],
)
def test_the_first_match_is_replaced_with_its_groups(raw, pattern, replacement, expected):
    assert rewrite(raw, replacement, matches=pattern) == expected


@pytest.mark.parametrize("raw", ["/a../secret", "/a..%2Fsecret", "/a."])
def test_a_rewritten_path_cannot_leave_the_directory_it_was_put_into(raw):
    with pytest.raises(BadPathError):
        rewrite(raw, "/files/", prefix="/a")


@pytest.mark.parametrize("replacement", ["$", "$x", "a$", "$2", "${host}"])
def test_a_replacement_that_cannot_be_read_is_refused(replacement):
    with pytest.raises(ReplacementError):
        parse(replacement, groups=1)


raw_paths = st.text(alphabet="/.%a2Ffb\\é", max_size=20).map(lambda text: "/a" + text)


@given(raw_paths, st.sampled_from(["/files/", "/files", "/", "", "/x/y%20"]))
def test_the_rest_after_a_prefix_stays_what_it_was(raw, replacement):
    try:
        path = paths.normalise(raw)
        result = rewrite(raw, replacement, prefix="/a")
    except BadPathError:
        return
    if not path.startswith("/a"):
        assert result is None
        return
    assert result is not None
    assert result.isascii()
    expected = paths.normalise("/" + paths.encode(replacement.replace("%20", " ") + path[2:]))
    assert paths.normalise(result) == expected
