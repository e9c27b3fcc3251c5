from edge.gateway.balancing.sticky import Stickiness
from edge.model.upstream import Sticky
from tests.gateway.balancing.asking import OwnRequest, Request

A, B = ("10.0.0.1", 80), ("2001:db8::2", 80)
SHOP = Sticky("session")


def given(request, sticky=SHOP, secret="u1", addresses=(A, B), address=A):
    return Stickiness(sticky, secret, addresses).cookie(request, address)


def test_a_client_comes_back_with_the_cookie_it_was_given():
    cookie = given(Request(), address=B).partition(b";")[0].decode()
    sticky = Stickiness(SHOP, "u1", [A, B])
    assert sticky.find(Request(f"cookie: a=b; {cookie}")) == B
    assert sticky.find(Request(f"cookie: session=stale; {cookie}")) == B
    assert sticky.cookie(Request(f"cookie: {cookie}"), B) is None
    assert sticky.cookie(Request(f"cookie: {cookie}"), A) is not None


def test_a_cookie_of_an_endpoint_that_serves_no_more_or_of_nobody_is_no_way_back():
    cookie = given(Request(), address=B).partition(b";")[0].decode()
    assert Stickiness(SHOP, "u1", [A]).find(Request(f"cookie: {cookie}")) is None
    assert Stickiness(SHOP, "u1", [A]).find(Request("cookie: session=10.0.0.1")) is None
    assert Stickiness(SHOP, "u1", [A]).find(Request()) is None


def test_every_gateway_gives_the_same_cookie_and_it_tells_nothing_of_the_address():
    assert given(Request()) == b"session=c97ac7eb0141c73ebe117304; Path=/; HttpOnly; SameSite=Lax"
    assert given(Request(), secret="u2") != given(Request())
    assert given(Request(), addresses=(A,)) == given(Request())


def test_the_cookie_lasts_as_long_as_it_is_said_and_is_secure_over_tls():
    assert given(Request(), Sticky("s", 3600)).endswith(b"; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax")
    assert given(Request(secure=True)).endswith(b"; SameSite=Lax; Secure")


def test_what_the_gateway_asks_by_itself_is_bound_to_nothing():
    assert Stickiness(SHOP, "u1", [A]).find(OwnRequest()) is None
    assert given(OwnRequest()) is None
