import pytest

from edge.gateway.balancing.keys import cookies, key_of
from edge.model.upstream import Hash
from tests.gateway.balancing.asking import OwnRequest, Request


@pytest.mark.parametrize(
    ("by", "request_", "key"),
    [
        (Hash("header", "X-User"), Request("x-user: ann", "X-User: bob"), b"ann"),
        (Hash("header", "x-user"), Request(), b""),
        (Hash("header", "x-user"), Request("x-user:"), b""),
        (Hash("cookie", "id"), Request("cookie: a=1; id=7; b=2"), b"7"),
        (Hash("cookie", "id"), Request("cookie: a=1", "cookie: id=8"), b"8"),
        (Hash("cookie", "id"), Request("cookie: xid=8; id"), b""),
        (Hash("path"), Request(target="/a/b?c=d"), b"/a/b"),
        (Hash("client-address"), Request(client="2001:db8::1"), b"2001:db8::1"),
        (Hash("client-address"), OwnRequest(), b""),
        (Hash("header", "x-user"), OwnRequest(), b""),
    ],
)
def test_the_key_is_what_the_client_sent(by, request_, key):
    assert key_of(request_, by) == key


def test_a_cookie_may_be_there_more_than_once():
    fields = [(b"cookie", b"a=1;a = 2; A=3"), (b"accept", b"a=4"), (b"cookie", b"a=b=c")]
    assert list(cookies(fields, b"a")) == [b"1", b"2", b"b=c"]
