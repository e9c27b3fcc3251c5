import pytest

from edge.gateway.hosts import HostTable

TABLE = HostTable(
    [
        ("www.example.com", "exact"),
        ("*.example.com", "wide"),
        ("*.a.example.com", "narrow"),
        ("example.com", "bare"),
        ("www.example.com", "late"),
        ("*.example.com", "late"),
        ("[::1]", "six"),
    ],
    default="default",
)


@pytest.mark.parametrize(
    ("host", "application"),
    [
        ("www.example.com", "exact"),
        ("WWW.Example.COM:8080", "exact"),
        ("www.example.com.", "exact"),
        ("www.example.com.:80", "exact"),
        ("example.com", "bare"),
        ("x.example.com", "wide"),
        ("a.example.com", "wide"),
        ("b.a.example.com", "narrow"),
        ("c.b.a.example.com:80", "narrow"),
        ("www.x.example.com", "wide"),
        ("[::1]:8080", "six"),
        ("example.org", "default"),
        ("notexample.com", "default"),
        ("", "default"),
        ("x" * 300 + ".example.com", "default"),
    ],
)
def test_exact_then_longest_suffix_then_default(host, application):
    assert TABLE.find(host) == application


def test_without_a_default_an_unknown_host_has_no_application():
    assert HostTable([("a.b", "x")]).find("b.c") is None
    assert HostTable([("*.b", "x")]).find("b") is None
