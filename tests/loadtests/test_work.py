"""The same work in every proxy's own words."""

import json

import msgspec
import pytest

from edge.gateway import snapshot
from edge.gateway.agent import disk
from edge.model import Rule
from edge.rules.compile import compile_rules
from edge.rules.request import Request
from loadtests.peers import caddy, certificate, edge_gateway, envoy, haproxy, nginx
from loadtests.peers.work import LEAST_RULES, SECURED, Ports, Work

WORK = Work(backend=1001, sink=1002, applications=3, domains=2, rules=12)
PORTS = Ports(1000, 1443)


def test_every_application_has_as_many_rules_as_the_work_says() -> None:
    assert len(edge_gateway.rules(Work(1, 2))) == LEAST_RULES
    assert len(edge_gateway.rules(WORK)) == 12


@pytest.mark.parametrize(
    ("method", "path", "upstream", "status"),
    [
        ("GET", "/items/42", "u1", None), ("GET", "/api/v1/x", "u1", None), ("GET", "/area/001", "u1", None),
        ("POST", "/upload", "u2", None), ("GET", "/admin/x", None, 403), ("GET", "/old", None, 302),
        ("PURGE", "/items", None, 405),
    ],
)  # fmt: skip
def test_the_rules_decide_as_the_peers_are_configured_to(method, path, upstream, status) -> None:
    decide = compile_rules(msgspec.convert(edge_gateway.rules(WORK), list[Rule])).decide
    decision = decide(Request(method=method, target=path, headers=((b"x-debug", b"on"),)))
    assert decision.upstream == upstream
    assert (decision.answer and decision.answer.status) == status
    assert (b"x-content-type-options", b"nosniff") in decision.response_headers
    if upstream:
        assert decision.request_headers == ((b"x-debug-route", b"on"),)


def test_the_snapshot_is_one_that_a_gateway_serves(tmp_path) -> None:
    edge_gateway.write_snapshot(WORK, tmp_path)
    content = disk.decode((tmp_path / "data/snapshot").read_bytes())
    served, refused = snapshot.build(None, content)
    assert not refused
    found = {served.find(host) for host in WORK.every_host()}
    assert len(found) == 3
    assert None not in found


def test_nginx_knows_every_host_and_prefix(tmp_path) -> None:
    text = nginx.proxy(WORK, PORTS, tmp_path)
    assert all(host in text for host in WORK.every_host())
    assert text.count("location /area/001 ") == 3
    assert text.count("{") == text.count("}")


def test_lua_is_given_every_host(tmp_path) -> None:
    text = nginx.with_lua(WORK, PORTS, tmp_path)
    hosts = (tmp_path / "hosts.lua").read_text()
    assert all(f'hosts["{host}"]' in hosts for host in WORK.every_host())
    assert '"/area/001"' in text


def test_haproxy_has_a_line_for_each_host_and_each_path_of_each_application(tmp_path) -> None:
    text = haproxy.proxy(WORK, PORTS, tmp_path)
    assert len((tmp_path / "hosts.map").read_text().splitlines()) == 6
    assert len((tmp_path / "rules.map").read_text().splitlines()) == 3 * (2 + len(WORK.prefixes()) + 1)
    assert "backing-file" in text


def test_envoy_has_a_virtual_host_and_a_cluster_for_each_application(tmp_path) -> None:
    resources = json.loads(envoy.proxy(WORK, PORTS, tmp_path))["static_resources"]
    assert len(resources["clusters"]) == 4
    manager = resources["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    hosts = manager["route_config"]["virtual_hosts"]
    assert [len(host["domains"]) for host in hosts] == [2, 2, 2]
    assert len(hosts[0]["routes"]) == 4 + len(WORK.prefixes()) + 1


def test_caddy_has_every_host_in_one_matcher(tmp_path) -> None:
    server = json.loads(caddy.proxy(WORK, PORTS, tmp_path))["apps"]["http"]["servers"]["in"]
    assert server["routes"][0]["match"][0]["host"] == [host for number in range(3) for host in WORK.hosts(number)]


@pytest.mark.parametrize("render", [nginx.proxy, nginx.with_lua, haproxy.proxy, envoy.proxy, caddy.proxy])
def test_every_peer_serves_one_host_over_tls_where_there_is_a_certificate(render, tmp_path) -> None:
    files = certificate.write(SECURED, tmp_path)
    text = render(WORK._replace(certificate=files), PORTS, tmp_path)
    assert "1443" in text
    assert str(files.both if render is haproxy.proxy else files.key) in text
    assert "1443" not in render(WORK, PORTS, tmp_path)


def test_the_snapshot_holds_the_certificate_of_the_application_in_the_middle(tmp_path) -> None:
    edge_gateway.write_snapshot(WORK._replace(certificate=certificate.write(SECURED, tmp_path)), tmp_path)
    served, refused = snapshot.build(None, disk.decode((tmp_path / "data/snapshot").read_bytes()))
    assert not refused
    assert served.find(SECURED).document.certificates == ("c1",)
    assert served.certificates["c1"].entry.name == "peers"
