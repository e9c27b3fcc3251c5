import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.rules import names


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("a.b", "a.b"),
        ("A.B:80", "a.b"),
        ("a.b.", "a.b"),
        ("a.b.:80", "a.b"),
        ("a.b:", "a.b"),
        ("", ""),
        (":80", ""),
        ("[FE80::1]:80", "[fe80::1]"),
        ("[fe80::1]", "[fe80::1]"),
    ],
)
def test_the_host_of_an_authority(authority, host):
    assert names.host_of(authority) == host


@given(st.text(max_size=30))
def test_the_host_of_anything_is_found_without_an_error(authority):
    names.host_of(authority)


@pytest.mark.parametrize("name", ["a", "a.b", "a-b.c_d", "xn--bcher-kva.example", "1.2.3.4"])
def test_host_names(name):
    assert names.is_host_name(name)


@pytest.mark.parametrize("name", ["", ".", "a..b", "-a", "a-", "A", "a b", "a." + "b" * 64, "a." * 127 + "a", "a\n"])
def test_what_is_no_host_name(name):
    assert not names.is_host_name(name)


@given(st.binary(max_size=20))
def test_every_byte_string_has_a_text_that_gives_it_back(data):
    assert names.data(names.text(data)) == data
