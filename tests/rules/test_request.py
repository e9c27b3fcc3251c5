import pytest

from edge.rules.errors import BadPathError
from edge.rules.request import Request


def test_the_target_is_taken_apart_at_its_first_question_mark():
    request = Request(target="/a%20b?x=1?y")
    assert (request.raw_path, request.path, request.query_string) == ("/a%20b", "/a b", "x=1?y")


def test_a_host_is_compared_without_case_port_and_trailing_dot():
    assert Request(host="WWW.Example.com.:8080").host == "www.example.com"
    assert Request(host="[::1]:80").host == "[::1]"


def test_a_broken_path_is_refused_when_the_request_is_made():
    with pytest.raises(BadPathError):
        Request(target="/%zz")


def test_several_lines_of_a_header_are_one_value():
    headers = [(b"accept", b"a"), (b"cookie", b"x=1"), (b"accept", b"b"), (b"cookie", b"y=2")]
    request = Request(headers=headers)
    assert request.header(b"accept") == "a, b"
    assert request.header(b"cookie") == "x=1; y=2"
    assert request.header(b"via") is None


def test_bytes_that_are_not_utf_8_survive_as_text():
    value = Request(headers=[(b"x", b"\xff\xc3\xa9")]).header(b"x")
    assert value is not None
    assert value.encode("utf-8", "surrogateescape") == b"\xff\xc3\xa9"


def test_its_repr_names_it():
    assert repr(Request(target="/a?token=1", host="h")) == "<Request GET http://h/a>"
