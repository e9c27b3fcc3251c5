import pytest

from edge.gateway.limiting.keys import compile_key, network
from edge.rules.request import Request
from edge.rules.templates import TemplateError


def of(template, address="192.0.2.7", **given):
    return compile_key(template)(Request(client_address=address, **given))


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::1", "20010db800010002"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "20010db800010002"),
        ("2001:db8:1:3::1", "20010db800010003"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        ("unknown", "unknown"),
        ("fe80::1%eth0", "fe80::1%eth0"),
    ],
)
def test_an_ipv6_client_is_its_network(address, counts_as):
    assert network(Request(client_address=address)) == counts_as


@pytest.mark.parametrize("template", ["${client-address}", "${client-address} ${path}"])
def test_so_it_is_wherever_the_clients_address_stands_in_a_key(template):
    assert of(template, "2001:db8::1") == of(template, "2001:db8::2")
    assert of(template, "2001:db8::1") != of(template, "2001:db8:0:1::1")
    assert of(template, "192.0.2.7") != of(template, "192.0.2.8")


def test_values_do_not_run_into_each_other():
    template = "${header.a}${header.b}"
    headers = [((b"a", b"xy"), (b"b", b"z")), ((b"a", b"x"), (b"b", b"yz"))]
    assert of(template, headers=headers[0]) != of(template, headers=headers[1])


def test_who_leaves_a_value_out_counts_with_the_others_who_do():
    assert of("${header.x-key}", "192.0.2.7") == of("${header.x-key}", "192.0.2.8")


def test_a_key_without_a_value_is_the_same_for_all():
    assert of("all", "192.0.2.7") == of("all", "192.0.2.8")


def test_a_template_that_cannot_be_read_is_a_value_error():
    with pytest.raises(TemplateError):
        compile_key("${nothing}")
