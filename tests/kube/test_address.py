import io

import msgspec
import pytest
from rich.console import Console

from edge.kube.address import ClusterAddress


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("10.0.0.1", "https://10.0.0.1:6443"),
        ("api.example.com", "https://api.example.com:6443"),
        ("2001:db8::1", "https://[2001:db8::1]:6443"),
        ("[2001:db8::1]", "https://[2001:db8::1]:6443"),
    ],
)
def test_the_url_is_https_with_ipv6_in_brackets(host, url):
    assert ClusterAddress(host).url == url


def test_the_token_is_in_no_repr():
    address = ClusterAddress("10.0.0.1", token="very-secret")
    assert "very-secret" not in repr(address) + str(address) + f"{address}" + repr([address]) + repr({"a": address})


def test_the_token_is_in_no_traceback_that_rich_prints():
    console = Console(file=io.StringIO(), width=200)
    console.print(ClusterAddress("10.0.0.1", token="very-secret"))
    console.print({"address": ClusterAddress("10.0.0.1", token="very-secret")})
    assert "very-secret" not in console.file.getvalue()
    assert "https://10.0.0.1:6443" in console.file.getvalue()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("LocalHost.", True),
        ("api.localhost", True),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
    ],
)
def test_loopback_is_known_by_address_or_name(host, expected):
    assert ClusterAddress(host).on_loopback is expected


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        "https://10.0.0.1",
        "a/b",
        "a@b",
        "a:b:c",
        "a b",
        "a\nb",
        "x" * 254,
        "fe80::1%eth0",
        "a..b",
        "user:1",
        "?",
    ],
)
def test_what_is_no_host_is_refused_with_a_reason(host):
    assert "is not a host name or an IP address" in ClusterAddress(host, token="t").problem()


@pytest.mark.parametrize(
    "host", ["localhost", "api", "api.example.com", "api_1.example.com.", "10.0.0.1", "::1", "[::1]"]
)
def test_hosts_that_are_taken(host):
    assert ClusterAddress(host, token="t").problem() is None


@pytest.mark.parametrize("token", ["two words", "a\r\nX-Injected: 1", "schlüssel", "a\x00b", " "])
def test_a_token_that_no_header_can_carry_is_refused_without_quoting_it(token):
    problem = ClusterAddress("10.0.0.1", token=token).problem()
    assert "token" in problem
    assert "in one line" in problem
    assert token.strip() not in problem or not token.strip()


def test_a_port_beyond_the_range_is_refused():
    assert "70000" in ClusterAddress("10.0.0.1", 70000).problem()


def test_addresses_are_equal_by_value():
    assert ClusterAddress("a", token="t") == ClusterAddress("a", token="t")
    assert ClusterAddress("a", token="t") != ClusterAddress("a", token="u")
    assert msgspec.structs.replace(ClusterAddress("a"), port=1).port == 1
