import msgspec
import pytest

from edge.model.health_check import HealthCheck
from edge.model.upstream import Server, Upstream
from edge.rules.checks.upstreams import check_upstream


def fields(**check):
    upstream = Upstream("u", "n", (Server("h", 1),), check=HealthCheck(**check))
    return [problem.field for problem in check_upstream(upstream)]


@pytest.mark.parametrize(
    "check",
    [
        {},
        {"type": "tcp", "port": 65535},
        {"path": "/health?full=1&a=%20", "host": "[::1]:80", "statuses": (200, 599)},
        {"interval": 0.1, "timeout": 600, "rise": 1, "fall": 100, "host": "Shop.example:8080"},
    ],
)
def test_a_check_that_can_be_made_has_no_problem(check):
    assert fields(**check) == []


@pytest.mark.parametrize(
    ("check", "field"),
    [
        ({"path": ""}, "path"),
        ({"path": "health"}, "path"),
        ({"path": "/a b"}, "path"),
        ({"path": "/\r\nX: 1"}, "path"),
        ({"path": "/é"}, "path"),
        ({"path": "/" + "a" * 4096}, "path"),
        ({"host": "a b"}, "host"),
        ({"host": "a\r\nX: 1"}, "host"),
        ({"statuses": (200, 600)}, "statuses[1]"),
        ({"statuses": (199,)}, "statuses[0]"),
        ({"statuses": (200,) * 101}, "statuses"),
        ({"interval": 0.01}, "interval"),
        ({"interval": float("nan")}, "interval"),
        ({"timeout": 601}, "timeout"),
        ({"rise": 0}, "rise"),
        ({"fall": 101}, "fall"),
        ({"port": 0}, "port"),
    ],
)
def test_a_check_that_cannot_be_made_is_refused_at_its_field(check, field):
    assert fields(**check) == [f"check.{field}"]


def test_an_upstream_without_a_check_is_written_as_it_always_was():
    upstream = Upstream("u", "n", (Server("h", 1),))
    assert msgspec.json.encode(upstream) == b'{"id":"u","name":"n","servers":[{"host":"h","port":1,"weight":1}]}'
