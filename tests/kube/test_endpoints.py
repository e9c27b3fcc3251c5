"""Golden tables: objects as Kubernetes writes them, and the endpoints that they mean."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kube.endpoints import Part, Reading, compute, merge, of_slice
from edge.kube.resources import ENDPOINTS, SERVICES, SLICES
from edge.kube.types import Event
from edge.model.endpoint import Endpoint
from tests.kube.support import endpoints, recorded, service, slice_


def read(resource, object):
    return resource.decode(msgspec.Raw(json.dumps(object).encode()))


def computed(port: int | str, service_: Any, *slices: Any, loopback: bool = False) -> Reading:
    held = read(SERVICES, service_) if service_ is not None else None
    return compute("default/web", port, held, [read(SLICES, one) for one in slices], loopback=loopback)


def shown(reading: Reading) -> list[str]:
    """address:port and the conditions as letters: r(eady) s(erving) t(erminating)."""
    return [f"{one.authority} {'r' * one.ready}{'s' * one.serving}{'t' * one.terminating}" for one in reading.endpoints]


WEB = service("web")


def ported(*ports: Any) -> dict[str, Any]:
    return service("web", ports=list(ports))


def sliced(ports: Any, *found: Any, family: str = "IPv4", name: str = "s1") -> dict[str, Any]:
    return {**slice_(name, "web", {}), "addressType": family, "ports": ports, "endpoints": list(found) or None}


def at(ip: str, pod: str | None = None, **more: Any) -> dict[str, Any]:
    reference = {"targetRef": {"kind": "Pod", "name": pod}} if pod else {}
    return {
        "addresses": [ip],
        "conditions": {"ready": True, "serving": True, "terminating": False},
        **reference,
        **more,
    }


PLAIN = [{"name": "", "port": 8080, "protocol": "TCP"}]


# ports

NO_POD_PORT = "No pod of service default/web has a port for the service's port 80; see its targetPort."
UDP = "Port 53 of service default/web is UDP; requests can be sent to TCP ports only."
TWO_PORTS = ported({"port": 80, "name": "web"}, {"port": 443})
EXTERNAL = (
    "Service default/web is of type ExternalName and has no endpoints; use an upstream with the host as a server."
)


@pytest.mark.parametrize(
    ("port", "ports", "slice_ports", "expected"),
    [
        (80, [{"port": 80}], PLAIN, ["10.0.0.1:8080 rs"]),
        (80, [{"port": 80, "name": "http"}], [{"name": "http", "port": 8080}], ["10.0.0.1:8080 rs"]),
        ("http", [{"port": 80, "name": "http"}], [{"name": "http", "port": 8080}], ["10.0.0.1:8080 rs"]),
        ("80", [{"port": 80, "name": "http"}], [{"name": "http", "port": 8080}], ["10.0.0.1:8080 rs"]),
        (
            443,
            [{"port": 80, "name": "a"}, {"port": 443, "name": "b"}],
            [{"name": "a", "port": 1}, {"name": "b", "port": 2}],
            ["10.0.0.1:2 rs"],
        ),
        (80, [{"port": 80, "targetPort": "named"}], [{"port": 9000}], ["10.0.0.1:9000 rs"]),
        (80, [{"port": 80, "name": None}], [{"name": None, "port": 9000, "protocol": None}], ["10.0.0.1:9000 rs"]),
        (
            53,
            [{"port": 53, "name": "u", "protocol": "UDP"}, {"port": 53, "name": "t"}],
            [{"name": "u", "port": 1, "protocol": "UDP"}, {"name": "t", "port": 2}],
            ["10.0.0.1:2 rs"],
        ),
    ],
)
def test_a_service_port_leads_by_name_to_the_slice_port(port, ports, slice_ports, expected):
    assert shown(computed(port, ported(*ports), sliced(slice_ports, at("10.0.0.1")))) == expected


def test_named_target_ports_that_resolve_differently_give_different_slices_which_all_count():
    reading = computed(
        80, WEB, sliced([{"port": 8080}], at("10.0.0.1")), sliced([{"port": 9090}], at("10.0.0.2"), name="s2")
    )
    assert shown(reading) == ["10.0.0.1:8080 rs", "10.0.0.2:9090 rs"]


@pytest.mark.parametrize(
    ("port", "service_", "warning"),
    [
        (80, None, "Service default/web does not exist; the upstream has no endpoints until it does."),
        (81, WEB, "Service default/web has no port 81; it has 80."),
        ("http", TWO_PORTS, "Service default/web has no port http; it has 80 (web), 443."),
        (80, ported(), "Service default/web has no port 80; it has no ports."),
        (80, {**WEB, "spec": {"ports": None}}, "Service default/web has no port 80; it has no ports."),
        (53, ported({"port": 53, "protocol": "UDP"}), UDP),
        (80, service("web", type="ExternalName"), EXTERNAL),
    ],
)
def test_a_service_without_such_a_port_is_empty_with_a_warning(port, service_, warning):
    assert computed(port, service_, sliced(PLAIN, at("10.0.0.1"))) == Reading((), (warning,))


@pytest.mark.parametrize(
    ("ports", "warning"),
    [
        (None, NO_POD_PORT),
        ([], NO_POD_PORT),
        ([{"name": "other", "port": 1}], NO_POD_PORT),
        ([{"name": "", "port": None}], "Port without a name of slice s1 has no number."),
        ([{}], "Port without a name of slice s1 has no number."),
        ([{"port": 0}], "Port without a name of slice s1 has the number 0."),
        ([{"port": 70000}], "Port without a name of slice s1 has the number 70000."),
    ],
)
def test_slices_without_a_usable_port_give_nothing_and_say_so(ports, warning):
    reading = computed(80, WEB, sliced(ports, at("10.0.0.1")))
    assert reading.endpoints == ()
    assert reading.warnings[0] == warning


# conditions


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"ready": True, "serving": True, "terminating": False}, "rs"),
        ({"ready": False, "serving": False, "terminating": False}, ""),
        ({"ready": False, "serving": True, "terminating": True}, "st"),
        ({"ready": False, "serving": False, "terminating": True}, "t"),
        ({"ready": True, "serving": True, "terminating": True}, "rst"),
        ({"ready": True}, "rs"),
        ({"ready": None, "serving": None, "terminating": None}, "rs"),
        ({}, "rs"),
        (None, "rs"),
        ({"ready": False}, "s"),
        ({"serving": False}, "r"),
        ({"terminating": True}, "rst"),
    ],
)
def test_conditions_and_nil_conditions_are_read_as_the_api_says(conditions, expected):
    reading = computed(80, WEB, sliced(PLAIN, {"addresses": ["10.0.0.1"], "conditions": conditions}))
    assert shown(reading) == [f"10.0.0.1:8080 {expected}".rstrip(" ") if expected else "10.0.0.1:8080 "]


def test_a_change_of_conditions_alone_is_a_change():
    before = computed(80, WEB, slice_("a", "web", {"10.0.0.1": "ready"}))
    after = computed(80, WEB, slice_("a", "web", {"10.0.0.1": "waiting"}))
    assert before.endpoints != after.endpoints


# merging


def test_pod_node_and_zone_come_along():
    reading = computed(80, WEB, sliced(PLAIN, at("10.0.0.1", "web-1", nodeName="node-1", zone="z1")))
    assert reading.endpoints == (Endpoint("10.0.0.1", 8080, "web-1", "node-1", "z1"),)


def test_a_target_that_is_no_pod_is_not_called_one():
    found = at("10.0.0.1", targetRef={"kind": "Node", "name": "n"})
    assert computed(80, WEB, sliced(PLAIN, found)).endpoints[0].pod == ""


def test_duplicates_across_slices_count_once_in_the_more_useful_state():
    moved = computed(
        80,
        WEB,
        slice_("old", "web", {"10.0.0.1": "ready", "10.0.0.2": "ending"}),
        slice_("new", "web", {"10.0.0.2": "ready", "10.0.0.1": "waiting"}),
    )
    assert shown(moved) == ["10.0.0.1:8080 rs", "10.0.0.2:8080 rs"]


def test_duplicates_within_a_slice_count_once():
    assert shown(computed(80, WEB, sliced(PLAIN, at("10.0.0.1", "a"), at("10.0.0.1", "b")))) == ["10.0.0.1:8080 rs"]


@pytest.mark.parametrize(
    ("families", "expected"),
    [(["IPv4", "IPv6"], "10.0.0.1:8080 rs"), (["IPv6", "IPv4"], "[fd00::1]:8080 rs"), (None, "10.0.0.1:8080 rs")],
)
def test_a_dual_stack_pod_is_one_endpoint_in_the_services_first_family(families, expected):
    reading = computed(
        80,
        service("web", ipFamilies=families),
        sliced(PLAIN, at("10.0.0.1", "web-1")),
        sliced(PLAIN, at("fd00::1", "web-1"), family="IPv6", name="s2"),
    )
    assert shown(reading) == [expected]


def test_a_pod_in_the_second_family_only_counts_too():
    reading = computed(
        80,
        service("web", ipFamilies=["IPv4", "IPv6"]),
        sliced(PLAIN, at("10.0.0.1", "web-1")),
        sliced(PLAIN, at("FD00:0::1", "web-1"), at("fd00::2", "web-2"), at("fd00::3"), family="IPv6", name="s2"),
    )
    assert shown(reading) == ["10.0.0.1:8080 rs", "[fd00::2]:8080 rs", "[fd00::3]:8080 rs"]


def test_names_of_fqdn_slices_are_endpoints():
    reading = computed(80, WEB, sliced(PLAIN, at("Db.Example.com"), family="FQDN"))
    assert shown(reading) == ["db.example.com:8080 rs"]


def test_only_the_first_address_of_an_endpoint_has_a_meaning():
    found = {"addresses": ["10.0.0.1", "10.0.0.9"]}
    assert shown(computed(80, WEB, sliced(PLAIN, found, {"addresses": None}, {}))) == ["10.0.0.1:8080 rs"]


def test_a_service_scaled_to_zero_is_empty_without_a_warning():
    placeholder = {**slice_("a", "web", {}), "endpoints": None, "ports": None}
    assert computed(80, WEB, placeholder) == Reading()
    assert computed(80, WEB) == Reading()


def test_an_unknown_address_type_is_read_as_addresses():
    assert shown(computed(80, WEB, sliced(PLAIN, at("10.0.0.1"), family="Future"))) == ["10.0.0.1:8080 rs"]


# dangerous addresses


def test_dangerous_addresses_are_left_out_with_one_warning_that_names_some():
    reading = computed(
        80, WEB, sliced(PLAIN, *(at(ip) for ip in ("127.0.0.1", "169.254.169.254", "10.0.0.1", "0.0.0.0", "224.0.0.1")))
    )
    assert shown(reading) == ["10.0.0.1:8080 rs"]
    assert reading.warnings == (
        "Service default/web has addresses that no request is sent to: "
        "127.0.0.1 (loopback), 169.254.169.254 (link-local), 0.0.0.0 (unspecified) and 1 more.",
    )


def test_loopback_counts_when_the_api_server_is_on_loopback():
    reading = computed(80, WEB, sliced(PLAIN, at("127.20.0.1"), at("169.254.0.1")), loopback=True)
    assert shown(reading) == ["127.20.0.1:8080 rs"]
    assert "169.254.0.1 (link-local)" in reading.warnings[0]


# Endpoints, where slices may not be read


def of_endpoints(*objects: Any, port: int | str = 80) -> Reading:
    return compute("default/web", port, read(SERVICES, WEB), [read(ENDPOINTS, one) for one in objects])


def test_endpoints_objects_mean_the_same():
    held = endpoints("web", ["10.0.0.2", "10.0.0.1"])
    held["subsets"][0]["notReadyAddresses"] = [
        {"ip": "10.0.0.3", "nodeName": "n", "targetRef": {"kind": "Pod", "name": "p"}}
    ]
    reading = of_endpoints(held)
    assert shown(reading) == ["10.0.0.1:8080 rs", "10.0.0.2:8080 rs", "10.0.0.3:8080 "]
    assert (reading.endpoints[2].node, reading.endpoints[2].pod) == ("n", "p")


@pytest.mark.parametrize("subsets", [None, [], [{}], [{"addresses": None, "notReadyAddresses": None, "ports": None}]])
def test_empty_endpoints_objects_are_empty(subsets):
    assert of_endpoints({**endpoints("web", []), "subsets": subsets}) == Reading()


def test_truncated_endpoints_are_told_of():
    held = endpoints("web", ["10.0.0.1"])
    held["metadata"]["annotations"] = {"endpoints.kubernetes.io/over-capacity": "truncated"}
    assert "truncated to 1,000 addresses" in of_endpoints(held).warnings[0]


def test_endpoints_of_another_port_only_are_told_of():
    held = endpoints("web", ["10.0.0.1"])
    held["subsets"][0]["ports"] = [{"name": "metrics", "port": 9090}]
    assert "No pod of service default/web has a port" in of_endpoints(held).warnings[0]


def test_dangerous_addresses_in_endpoints_are_left_out():
    reading = of_endpoints(endpoints("web", ["127.0.0.1", "fd00::1", "10.0.0.1"]))
    assert shown(reading) == ["10.0.0.1:8080 rs", "[fd00::1]:8080 rs"]
    assert "127.0.0.1 (loopback)" in reading.warnings[0]


# the recorded life of a Deployment scaled 1, 3, 1


def test_the_recorded_slices_of_a_rollout_mean_what_kubernetes_did():
    decode = msgspec.json.Decoder(Event).decode
    story = []
    for line in recorded("watch-endpointslices.jsonl").splitlines():
        event = decode(line)
        if event.type != "BOOKMARK":
            story.append(shown(compute("default/test-hello", 80, read(SERVICES, WEB), [SLICES.decode(event.object)])))
    one, six, seven = "10.244.73.1:8080", "10.244.73.6:8080", "10.244.73.7:8080"
    assert story == [
        [f"{one} rs"],
        [f"{one} rs", f"{six} rs"],
        [f"{one} rs", f"{six} rs", f"{seven} rs"],
        [f"{one} rs", f"{six} st", f"{seven} st"],
        [f"{one} rs", f"{seven} st"],
        [f"{one} rs"],
    ]


# properties

ADDRESSES = st.integers(1, 40).map(lambda last: f"10.0.0.{last}")
STATES = st.sampled_from(["ready", "waiting", "ending"])
SLICED = st.lists(st.dictionaries(ADDRESSES, STATES, max_size=10), max_size=6)


@given(SLICED, st.randoms())
def test_the_order_and_the_cut_into_slices_do_not_matter(parts, random):
    def whole(found):
        slices = [slice_(f"s{number}", "web", part) for number, part in enumerate(found)]
        random.shuffle(slices)
        return computed(80, WEB, *slices).endpoints

    endpoints_ = whole(parts)
    assert endpoints_ == whole([{address: state} for part in parts for address, state in part.items()])
    assert list(endpoints_) == sorted(endpoints_)
    authorities = [one.authority for one in endpoints_]
    assert len(set(authorities)) == len(authorities)
    assert set(authorities) == {f"{address}:8080" for part in parts for address in part}


@given(SLICED)
def test_a_ready_copy_always_wins(parts):
    ready = {f"{address}:8080" for part in parts for address, state in part.items() if state == "ready"}
    slices = [slice_(f"s{number}", "web", part) for number, part in enumerate(parts)]
    assert {one.authority for one in computed(80, WEB, *slices).endpoints if one.ready} == ready


def test_merging_nothing_is_nothing():
    assert merge([]) == ()
    assert merge([Part(), of_slice(read(SLICES, slice_("a", "web", {})), "", loopback=False)]) == ()
