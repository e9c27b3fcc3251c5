import pytest

from edge.kube.dangerous import usable


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.0.1", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("localhost", "loopback"),
        ("db.localhost", "loopback"),
        ("LOCALHOST.", "loopback"),
        ("169.254.169.254", "link-local"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("2001:db8::1%eth0", "link-local"),
        ("::ffff:169.254.169.254", "link-local"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.250", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "broadcast"),
        ("", "neither"),
        ("10.0.0", "neither"),
        ("127.1", "neither"),
        ("0x7f.1", "neither"),
        ("2130706433", "neither"),
        ("010.0.0.1", "neither"),
        ("a b.example.com", "neither"),
        ("-a.example.com", "neither"),
        ("host", "neither"),
        ("a.example.com:80", "neither"),
    ],
)
def test_no_request_is_sent_there(address, why):
    used, said = usable(address, loopback=False)
    assert used == ""
    assert why in said


@pytest.mark.parametrize(
    ("address", "used"),
    [
        ("10.244.73.1", "10.244.73.1"),
        ("192.168.0.1", "192.168.0.1"),
        ("8.8.8.8", "8.8.8.8"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fd00::1", "fd00::1"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("Db.Example.com.", "db.example.com"),
        ("a.b-c.xn--p1ai", "a.b-c.xn--p1ai"),
    ],
)
def test_requests_may_be_sent_there(address, used):
    got, said = usable(address, loopback=False)
    assert (got.replace("::ffff:a00:1", "::ffff:10.0.0.1"), said) == (used, "")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.20.0.9", "::1", "localhost"])
def test_loopback_is_allowed_when_the_api_server_is_on_loopback(address):
    assert usable(address, loopback=True) == (address, "")


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1"])
def test_nothing_else_is_allowed_with_loopback(address):
    assert usable(address, loopback=True)[0] == ""
