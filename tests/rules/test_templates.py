import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.rules import templates
from edge.rules.errors import BadRequestError, UnsafeValueError
from edge.rules.request import Request
from edge.rules.templates import TemplateError, compile_template, in_body, in_header, in_url

REQUEST = Request(
    method="GET",
    target="/a%20b//c?x=<1>&b=%2F+2&x=3",
    host="Example.com:80",
    scheme="https",
    client_address="192.0.2.1",
    headers=[(b"x-user", b"J\xc3\xb6rg <b>"), (b"cookie", b"a=1; id=7; id=8")],
    request_id="id-1",
    application="shop",
    release="7",
)


def fill(template, place=in_header, request=REQUEST):
    filled = compile_template(template, place)
    return filled if isinstance(filled, str) else filled(request)


def test_every_value_is_filled_in():
    values = {
        "host": "example.com",
        "path": "/a%20b/c",
        "query-string": "x=<1>&b=%2F+2&x=3",
        "sorted-query-string": "b=%2F+2&x=3&x=<1>",
        "scheme": "https",
        "method": "GET",
        "client-address": "192.0.2.1",
        "request-id": "id-1",
        "application": "shop",
        "release": "7",
        "header.X-User": "Jörg <b>",
        "query.x": "<1>",
        "query.b": "/ 2",
        "cookie.id": "7",
    }
    assert {name for name in values if "." not in name} == set(templates.VALUES)
    for name, value in values.items():
        assert fill(f"[${{{name}}}]") == f"[{value}]"


def test_what_was_not_sent_is_empty():
    assert fill("[${header.x-none}${cookie.none}${query.none}]") == "[]"


def test_a_dollar_before_the_brace_writes_it_and_others_are_themselves():
    assert fill("$1 $${host} ${host}$") == "$1 ${host} example.com$"


def test_text_without_values_is_the_text_itself():
    assert compile_template("plain", in_header) == "plain"


@pytest.mark.parametrize(
    "template",
    [
        "${",
        "${host",
        "${hots}",
        "${}",
        "${header.}",
        "${header.a b}",
        "${cookie.}",
        "${cookie.a b}",
        "${query.}",
        "a${x",
        "${HOST}",
    ],
)
def test_a_template_that_cannot_be_read_is_refused_with_a_reason(template):
    with pytest.raises(TemplateError) as caught:
        compile_template(template, in_header)
    assert str(caught.value)


@pytest.mark.parametrize("value", [b"a\rb", b"a\nb", b"a\0b"])
@pytest.mark.parametrize("place", [in_header, in_url])
def test_a_line_break_or_nul_is_never_filled_into_a_header_or_url(value, place):
    request = Request(headers=[(b"x", value)])
    with pytest.raises(UnsafeValueError) as caught:
        fill("${header.x}", place, request)
    assert isinstance(caught.value, BadRequestError)


@pytest.mark.parametrize("code", [*range(9), *range(10, 32), 127])
def test_no_control_character_but_tab_is_filled_into_a_header(code):
    request = Request(target=f"/?a=x%{code:02x}y", headers=[(b"host", b"www.example.com")])
    with pytest.raises(UnsafeValueError):
        fill("${query.a}", in_header, request)
    assert fill("${query.a}", in_header, Request(target="/?a=x%09y")) == "x\ty"


def test_what_a_url_cannot_hold_is_encoded_when_it_is_filled_in():
    assert fill("https://${host}${path}?${query-string}", in_url) == "https://example.com/a%20b/c?x=%3C1%3E&b=%2F+2&x=3"
    assert fill("/?u=${header.x-user}", in_url) == "/?u=J%C3%B6rg%20%3Cb%3E"


def test_a_client_cannot_write_markup_or_break_out_of_a_string():
    assert fill("<p>${header.x-user}</p>", in_body("text/html; charset=utf-8")) == "<p>Jörg &lt;b&gt;</p>"
    request = Request(headers=[(b"x", b'"}\\')])
    assert fill('{"x":"${header.x}"}', in_body("application/json"), request) == '{"x":"\\"}\\\\"}'
    assert fill("${header.x}", in_body("text/plain"), request) == '"}\\'


@given(st.binary(max_size=30), st.sampled_from(["/${path}", "${header.x}", "https://${host}${path}?${query-string}"]))
def test_a_filled_url_is_visible_ascii_or_refused(value, template):
    try:
        url = fill(
            template, in_url, Request(target="/" + value.decode("utf-8", "surrogateescape"), headers=[(b"x", value)])
        )
    except BadRequestError:
        return
    assert url.isascii()
    assert all(" " < character < "\x7f" for character in url)
