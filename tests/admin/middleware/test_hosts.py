import pytest

from edge.admin.errors import BadRequest
from edge.admin.middleware.hosts import Hosts, host_of


async def lets(host, allowed=("edge.example.com",), everywhere=False, path="/", here=("10.1.2.3", 8001)):
    passed = []

    async def app(scope, receive, send):
        passed.append(scope)

    headers = [(b"host", each.encode("latin-1")) for each in ([host] if isinstance(host, str) else host)]
    scope = {"type": "http", "path": path, "headers": headers, "server": here}
    try:
        await Hosts(app, allowed, everywhere)(scope, None, None)
    except BadRequest:
        assert not passed
        return False
    return bool(passed)


@pytest.mark.parametrize(
    "host",
    [
        "edge.example.com",
        "EDGE.example.com.:8001",
        "localhost",
        "localhost:8001",
        "127.0.0.1:8001",
        "127.8.8.8",
        "[::1]:8001",
        "[0:0:0:0:0:0:0:1]",
    ],
)
async def test_our_own_names_and_loopback_ones_pass(host):
    assert await lets(host)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "edge.example.com.evil.example", "localhost.evil.example", "10.1.2.3", "", ":8001", "[", "é.com"],
)
async def test_any_other_name_is_refused(host):
    assert not await lets(host)


async def test_no_host_and_two_hosts_are_refused():
    assert not await lets([])
    assert not await lets(["localhost", "localhost"])


async def test_listening_everywhere_the_address_of_the_connection_is_ours_and_others_are_not():
    assert await lets("10.1.2.3:8001", everywhere=True)
    assert not await lets("10.1.2.4:8001", everywhere=True)
    assert await lets("[fd00::1]:8001", everywhere=True, here=("fd00:0:0::1", 8001))


async def test_probes_may_name_any_host():
    assert await lets("10.9.9.9", path="/healthz")
    assert await lets("10.9.9.9", path="/readyz")
    assert not await lets("10.9.9.9", path="/metrics")


async def test_a_refusal_says_what_to_do():
    hosts = Hosts(None, ())
    scope = {"type": "http", "path": "/", "headers": [(b"host", b"edge.lan:8001")], "server": None}
    with pytest.raises(BadRequest, match=r"--allowed-host edge\.lan"):
        await hosts(scope, None, None)


def test_the_host_of_a_header_has_no_port_and_no_brackets():
    assert host_of("Edge.Example.COM:8001") == "edge.example.com"
    assert host_of("[::1]:80") == "::1"
    assert host_of("[::1") == "::1"
