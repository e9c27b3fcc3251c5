"""Sockets from a supervisor: taken once, by whom they are meant for, and only if they are what they should be."""

import os
import socket

import pytest

from edge.gateway.errors import GatewayError
from edge.gateway.inherited import take


def passed(descriptor, count=1, pid=7):
    return {"LISTEN_PID": str(pid), "LISTEN_FDS": str(count), "LISTEN_FDNAMES": "web", "PATH": "/bin"}, pid, descriptor


def test_a_listening_socket_is_taken_and_no_child_takes_it_again():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        environment, pid, first = passed(os.dup(listener.fileno()))
        os.set_inheritable(first, True)
        (taken,) = take(environment, pid, first)
        with taken:
            assert taken.getsockname() == listener.getsockname()
            assert not os.get_inheritable(taken.fileno())
            assert not os.get_blocking(taken.fileno())
    assert environment == {"PATH": "/bin"}


def test_what_is_meant_for_another_process_or_for_nobody_is_left_alone():
    environment, pid, first = passed(10_000)
    assert take(environment, pid + 1, first) == []
    assert take({}, pid) == []
    assert take({"LISTEN_PID": str(pid), "LISTEN_FDS": "many"}, pid) == []


def local():
    one, other = socket.socketpair()
    other.close()
    return one


def datagrams():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    return sock


def both_families():
    return socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (datagrams, "does not speak TCP"),
        (socket.socket, "does not listen"),
        (local, "does not speak TCP"),
        (both_families, "BindIPv6Only=ipv6-only"),
    ],
)
def test_what_cannot_be_listened_on_is_refused_with_the_reason(make, reason):
    with make() as sock:
        first = os.dup(sock.fileno())
        with pytest.raises(GatewayError, match=f"descriptor {first} cannot be used: .*{reason}"):
            take(*passed(first))


def test_what_is_no_socket_is_refused(tmp_path):
    with (tmp_path / "file").open("w") as file, pytest.raises(GatewayError, match="no socket"):
        take(*passed(file.fileno()))
