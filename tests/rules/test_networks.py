import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.rules.networks import Networks, parse


def test_addresses_are_found_in_networks_of_both_versions():
    networks = Networks(["10.0.0.0/8", "192.0.2.7", "fd00::/8"])
    assert "10.255.0.1" in networks
    assert "192.0.2.7" in networks
    assert "fd12::1" in networks
    assert "192.0.2.8" not in networks
    assert "fe80::1" not in networks


def test_a_mapped_address_counts_as_ipv4_and_a_zone_is_ignored():
    assert "::ffff:10.1.2.3" in Networks(["10.0.0.0/8"])
    assert "fe80::1%eth0" in Networks(["fe80::/10"])


@pytest.mark.parametrize("text", ["", "unknown", "10.0.0", "10.0.0.1.2", "::g", "10.0.0.1 ", "10.0.0.1\0"])
def test_text_that_is_no_address_is_in_no_network(text):
    assert text not in Networks(["0.0.0.0/0", "::/0"])


def test_bits_beyond_the_prefix_are_refused_with_what_was_meant():
    with pytest.raises(ValueError, match=r"write 10\.0\.0\.0/8"):
        parse("10.1.2.3/8")
    with pytest.raises(ValueError, match="expected an IP address or network"):
        parse("10.0.0.0/33")


v4 = st.ip_addresses(v=4)
v6 = st.ip_addresses(v=6)


@given(st.lists(st.tuples(v4, st.integers(0, 32)) | st.tuples(v6, st.integers(0, 128)), max_size=8), v4 | v6)
def test_it_agrees_with_the_standard_library(given_networks, address):
    networks = [ipaddress.ip_network(pair, strict=False) for pair in given_networks]
    if address.version == 6 and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    assert (str(address) in Networks(map(str, networks))) == any(address in network for network in networks)
