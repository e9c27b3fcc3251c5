import pytest

from edge.wire.content import sources_named
from tests.wire.house import document


def test_a_document_names_its_sources_once_in_order():
    assert sources_named(document("shop", "cart", "pay", "cart")) == ("c1/default/cart:80", "c1/default/pay:80")


def test_a_document_of_a_newer_admin_still_names_its_sources():
    body = (
        b'{"id":"shop","teleport":true,"rules":[{"id":"r","actions":[{"type":"teleport"}]}],"upstreams":'
        b'[{"id":"u","balance":"least","sources":[{"cluster":"c","namespace":"n","service":"s","port":"http"}]}]}'
    )
    assert sources_named(body) == ("c/n/s:http",)


@pytest.mark.parametrize("body", [b"", b"null", b"\xff", b'{"upstreams":7}'])
def test_what_is_no_document_names_none(body):
    assert sources_named(body) == ()
