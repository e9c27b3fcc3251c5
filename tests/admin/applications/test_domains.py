import pytest

from edge.admin.applications.domains import normalised
from edge.admin.errors import Invalid


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("WWW.Example.COM.", "www.example.com"),
        (" a_b.example ", "a_b.example"),
        ("*.Example.com", "*.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "[::1]"),
        ("[2001:DB8:0::1]", "[2001:db8::1]"),
        ("localhost", "localhost"),
    ],
)
def test_a_domain_has_one_spelling(written, kept):
    assert normalised([written]) == (kept,)


def test_equal_domains_are_kept_once_in_the_order_given():
    assert normalised(["b.example", "A.example", "B.EXAMPLE."]) == ("b.example", "a.example")


@pytest.mark.parametrize(
    "written",
    [
        "",
        ".",
        "*",
        "*.",
        "a..b",
        "-a.example",
        "https://a.example",
        "a.example/x",
        "a.example:80",
        "a b",
        "a*.b",
        "x" * 64,
    ],
)
def test_what_is_no_domain_is_refused_with_its_place(written):
    with pytest.raises(Invalid) as refused:
        normalised(["fine.example", written])
    assert refused.value.field == "domains[1]"
