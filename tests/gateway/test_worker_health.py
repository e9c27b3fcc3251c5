"""What the agent's checks found, as a worker serves it."""

import msgspec

from edge.gateway import snapshot
from edge.gateway.own_ports import OwnPorts
from edge.gateway.worker import Serving
from edge.model import Server, Upstream
from edge.model.health_check import HealthCheck
from edge.wire.messages import Health
from tests.gateway.dialogue import Dialogue
from tests.gateway.serving import content, endpoints
from tests.gateway.working import GET

PODS = ("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
HANDS = Upstream("u2", "by hand", (Server("10.1.0.1", 80),), check=HealthCheck())


def sick(*hosts, upstream="u1"):
    return Health("a1", upstream, tuple((host, 80) for host in hosts))


def serving():
    talk = Dialogue(snapshot.NOTHING)
    running = Serving(talk.path, OwnPorts())
    return talk, running


def asked(talk, requests=12):
    """The hosts that were asked."""
    hosts = {}
    for _ in range(requests):
        client = talk.client()
        client.says(GET)
        hosts[talk.connects()[0]] = None
        talk.accepts().says(OK)
        assert client.hears().startswith(b"HTTP/1.1 200")
    return sorted(hosts)


def test_unhealthy_endpoints_are_passed_over_until_they_are_well():
    talk, running = serving()
    running.apply(content(*PODS))
    running.apply_health(sick("10.0.0.2"))
    assert asked(talk) == ["10.0.0.1", "10.0.0.3"]
    running.apply_health(sick())
    assert asked(talk) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_when_all_are_unhealthy_they_are_asked_all_the_same():
    talk, running = serving()
    running.apply(content(*PODS))
    running.apply_health(sick("10.0.0.1", "10.0.0.2", "10.0.0.3"))
    assert asked(talk) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_it_is_known_before_the_release_that_it_is_about_and_across_releases_and_endpoints():
    talk, running = serving()
    running.apply_health(sick("10.0.0.2"))
    running.apply(content(*PODS))
    assert asked(talk) == ["10.0.0.1", "10.0.0.3"]
    running.apply_source(endpoints(*PODS, "10.0.0.4:80", number=2))
    assert asked(talk) == ["10.0.0.1", "10.0.0.3", "10.0.0.4"]
    running.apply(content(*PODS, number=3, rules=[{"name": "new", "actions": [{"type": "proxy", "upstream": "u1"}]}]))
    assert asked(talk) == ["10.0.0.1", "10.0.0.3"]


def test_what_is_said_of_strangers_harms_nobody():
    talk, running = serving()
    running.apply_health(Health("gone", "u1", (("10.0.0.1", 80),)))
    running.apply(content(*PODS))
    running.apply_health(Health("a1", "gone", (("10.0.0.1", 80),)))
    assert len(asked(talk)) == 3


def test_the_snapshot_says_who_is_unhealthy():
    _, running = serving()
    running.apply(content(*PODS, others=(HANDS,)))
    running.apply_health(sick("10.0.0.2"))
    running.apply_health(sick("10.1.0.1", upstream="u2"))
    said = msgspec.json.decode(running.describe())
    assert [(pod["address"], pod["healthy"]) for pod in said["sources"][0]["endpoints"]] == [
        ("10.0.0.1", True),
        ("10.0.0.2", False),
        ("10.0.0.3", True),
    ]
    assert said["unhealthy"] == [
        {"application": "a1", "upstream": "u1", "endpoints": [{"address": "10.0.0.2", "port": 80}]},
        {"application": "a1", "upstream": "u2", "endpoints": [{"address": "10.1.0.1", "port": 80}]},
    ]
