import pytest

from edge.gateway.errors import GatewayError
from edge.gateway.listening import ListenAddress, bind, bound, parse


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", ListenAddress("127.0.0.1", 8080)),
        ("[::1]:0", ListenAddress("::1", 0)),
        (":80", ListenAddress("0.0.0.0", 80)),
        ("gateway.local:65535", ListenAddress("gateway.local", 65535)),
    ],
)
def test_host_and_port_are_read(text, address):
    assert parse(text) == address


@pytest.mark.parametrize("text", ["", "8080", "host:", "host:99999", "host:-1", "::1:80", "host:８０"])
def test_what_is_not_host_and_port_is_said(text):
    with pytest.raises(ValueError, match="is not HOST:PORT"):
        parse(text)


def test_an_ipv6_address_is_written_in_brackets():
    assert str(ListenAddress("::1", 80)) == "[::1]:80"


def test_port_0_picks_a_free_one_and_a_taken_port_names_the_option():
    with bind(ListenAddress("127.0.0.1", 0), "--listen") as sock:
        address = bound(sock)
        assert address.port > 0
        with pytest.raises(GatewayError, match=rf"cannot listen on {address}: .*in use \(--status-listen\)"):
            bind(address, "--status-listen")


def test_an_address_of_another_machine_is_said():
    with pytest.raises(GatewayError, match=r"cannot listen on 192\.0\.2\.1:0: .* \(--listen\)"):
        bind(ListenAddress("192.0.2.1", 0), "--listen")


@pytest.mark.parametrize("host", ["..", "a" * 70 + ".example"])
def test_what_cannot_be_a_host_name_is_said(host):
    with pytest.raises(GatewayError, match=r"is no host name \(--listen\)"):
        bind(ListenAddress(host, 80), "--listen")


def test_an_inherited_socket_is_taken_for_its_own_address_alone():
    with bind(ListenAddress("127.0.0.1", 0), "--listen") as passed:
        address, inherited = bound(passed), [passed]
        with bind(ListenAddress("127.0.0.1", 0), "--status-listen", inherited) as other:
            assert other is not passed
        assert bind(address, "--listen", inherited) is passed
        assert inherited == []
