"""The gateway's own ports are never endpoints."""

import pytest
from structlog.testing import capture_logs

from edge.gateway.listening import ListenAddress
from edge.gateway.own_ports import OwnPorts, is_local
from edge.model import Revision, SourceState
from edge.model.endpoint import Endpoint
from tests.gateway.serving import SOURCE

OURS = ("127.0.0.1", "10.0.0.5", "::1", "fd00::5")


def state(*endpoints):
    return SourceState(SOURCE, Revision(1, 1), tuple(Endpoint(*endpoint) for endpoint in endpoints))


def kept(listen, *endpoints):
    own = OwnPorts([ListenAddress(*listen)], OURS.__contains__)
    return [(endpoint.address, endpoint.port) for endpoint in own.without(state(*endpoints)).endpoints]


@pytest.mark.parametrize(
    ("listen", "endpoint"),
    [
        (("10.0.0.5", 8080), ("10.0.0.5", 8080)),
        (("10.0.0.5", 8080), ("::ffff:10.0.0.5", 8080)),
        (("fd00::5", 8080), ("fd00:0:0::5", 8080)),
        (("0.0.0.0", 8080), ("127.0.0.1", 8080)),
        (("0.0.0.0", 8080), ("10.0.0.5", 8080)),
        (("0.0.0.0", 8080), ("::ffff:10.0.0.5", 8080)),
        (("::", 8080), ("::1", 8080)),
    ],
)
def test_a_port_of_ours_is_left_out(listen, endpoint):
    assert kept(listen, ("10.0.0.9", 8080), endpoint) == [("10.0.0.9", 8080)]


@pytest.mark.parametrize(
    ("listen", "endpoint"),
    [
        (("10.0.0.5", 8080), ("10.0.0.5", 8081)),
        (("10.0.0.5", 8080), ("127.0.0.1", 8080)),
        (("0.0.0.0", 8080), ("10.0.0.9", 8080)),
        (("0.0.0.0", 8080), ("::1", 8080)),
        (("::", 8080), ("127.0.0.1", 8080)),
        (("0.0.0.0", 8080), ("a.name.example", 8080)),
    ],
)
def test_everything_else_stays(listen, endpoint):
    assert kept(listen, endpoint) == [endpoint]


def test_a_state_without_any_is_the_same_object_and_nothing_is_asked():
    asked = []
    own = OwnPorts([ListenAddress("0.0.0.0", 8080)], asked.append)
    given = state(("10.0.0.5", 80), ("10.0.0.6", 80))
    assert own.without(given) is given
    assert asked == []


def test_it_is_logged_once_and_the_kernel_is_asked_once():
    asked = []
    own = OwnPorts([ListenAddress("0.0.0.0", 8080)], lambda address: asked.append(address) or True)
    with capture_logs() as logs:
        for _ in range(3):
            assert own.without(state(("10.0.0.5", 8080))).endpoints == ()
    assert [entry["endpoint"] for entry in logs] == ["10.0.0.5:8080"]
    assert asked == ["10.0.0.5"]


def test_the_kernel_knows_which_addresses_are_this_machines():
    assert is_local("127.0.0.1")
    assert not is_local("192.0.2.1")
    assert not is_local("2001:db8::1")
