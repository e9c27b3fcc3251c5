import pytest

from edge.model.rule import Condition
from edge.rules.conditions import compile_condition, number
from edge.rules.request import Request


class Connection:
    server = ("10.0.0.80", "8443")


REQUEST = Request(
    method="POST",
    target="/Shop/caf%C3%A9?a=1&b=two%20words&a=3&flag&%63=x+y&bad=%zz",
    host="WWW.Example.com:8080",
    scheme="https",
    client_address="10.1.2.3",
    http_version="1.1",
    headers=[
        (b"user-agent", b"curl/8.5"),
        (b"x-count", b"12"),
        (b"x-empty", b""),
        (b"cookie", b"session=abc; theme=dark"),
        (b"cookie", b"theme=light"),
        (b"x-name", "Zoë".encode()),
        (b"x-forwarded-for", b"2001:db8::1, [2001:db8::2]:80"),
        (b"x-forwarded-for", b"192.0.2.9:4711"),
    ],
    connection=Connection(),
)


def holds(*args, request=REQUEST, **kwargs):
    return compile_condition(Condition(*args, **kwargs)).test(request)


@pytest.mark.parametrize(
    ("variable", "operator", "values", "expected"),
    [
        ("path", "equals", ("/Shop/café",), True),
        ("path", "equals", ("/shop/café", "/Shop/café"), True),
        ("path", "equals", ("/Shop",), False),
        ("path", "prefix", ("/x", "/Shop/"), True),
        ("path", "suffix", ("é",), True),
        ("path", "contains", ("caf",), True),
        ("path", "contains", ("x", "op/"), True),
        ("path", "contains", ("x", "y"), False),
        ("path", "matches", (r"^/\w+/caf.$",), True),
        ("path", "matches", (r"^/x", r"^/Shop"), True),
        ("path", "matches", (r"^/shop",), False),
        ("path", "exists", (), True),
        ("query-string", "contains", ("a=3",), True),
        ("query-string", "contains", ("two words",), False),
        ("query-string", "exists", (), True),
        ("method", "equals", ("GET", "POST"), True),
        ("method", "equals", ("post",), False),
        ("host", "equals", ("www.example.com",), True),
        ("host", "equals", ("WWW.EXAMPLE.COM",), True),
        ("host", "suffix", (".Example.com",), True),
        ("host", "matches", (r"^WWW\.",), True),
        ("scheme", "equals", ("https",), True),
        ("client-address", "in-network", ("192.0.2.0/24", "10.0.0.0/8"), True),
        ("client-address", "in-network", ("192.0.2.0/24",), False),
        ("client-address", "equals", ("10.1.2.3",), True),
        ("http-version", "greater", ("1.0",), True),
        ("http-version", "less", ("1.1",), False),
        ("user-agent", "prefix", ("curl/",), True),
        ("user-agent", "exists", (), True),
        ("sorted-query-string", "equals", ("%63=x+y&a=1&a=3&b=two%20words&bad=%zz&flag",), True),
        ("server-address", "in-network", ("10.0.0.0/24",), True),
        ("server-port", "at-least", ("8443",), True),
        ("server-port", "greater", ("8443",), False),
        ("server-port", "at-most", ("8442", "80"), False),
        ("server-port", "at-most", ("8443",), True),
        ("server-port", "equals-number", ("1", "8443.0"), True),
        ("server-port", "equals-number", ("844",), False),
        ("first-x-forwarded-address", "equals", ("2001:db8::1",), True),
        ("last-x-forwarded-address", "in-network", ("192.0.2.0/24",), True),
        ("http-version", "equals-number", ("1.10",), True),
        ("path", "contains-word", ("Shop",), True),
        ("path", "contains-word", ("hop", "caf"), False),
        ("user-agent", "contains-word", ("8.5",), True),
        ("path", "wildcard", ("/*/caf?",), True),
        ("path", "wildcard", ("/Shop",), False),
        ("path", "wildcard", ("/Shop/caf.", "/shop/*"), False),
        ("method", "before", ("POST", "PUT"), True),
        ("method", "before", ("POST",), False),
        ("method", "after", ("PATCH", "X"), True),
        ("query-string", "is-empty", (), False),
        ("user-agent", "is-empty", (), False),
    ],
)
def test_a_variable_is_compared_with_any_of_the_values(variable, operator, values, expected):
    assert holds(variable, operator, values) is expected
    assert holds(variable, operator, values, negate=True) is not expected


@pytest.mark.parametrize(
    ("variable", "argument", "operator", "values", "expected"),
    [
        ("query", "a", "equals", ("1",), True),
        ("query", "a", "equals", ("3",), True),
        ("query", "a", "equals", ("2",), False),
        ("query", "b", "equals", ("two words",), True),
        ("query", "c", "equals", ("x y",), True),
        ("query", "flag", "equals", ("",), True),
        ("query", "flag", "exists", (), True),
        ("query", "none", "exists", (), False),
        ("query", "bad", "equals", ("%zz",), True),
        ("query", "a", "greater", ("2",), True),
        ("query", "a", "greater", ("3",), False),
        ("query", "b", "greater", ("0",), False),
        ("header", "X-Count", "greater", ("11.5", "100"), True),
        ("header", "x-count", "less", ("1", "12.5"), True),
        ("header", "x-empty", "exists", (), True),
        ("header", "x-empty", "equals", ("",), True),
        ("header", "x-none", "exists", (), False),
        ("header", "x-none", "equals", ("",), False),
        ("header", "X-Name", "equals", ("Zoë",), True),
        ("cookie", "session", "equals", ("abc",), True),
        ("cookie", "theme", "equals", ("dark",), True),
        ("cookie", "theme", "equals", ("light",), True),
        ("cookie", "Theme", "exists", (), False),
        ("cookie", "abc", "exists", (), False),
        ("header", "x-none", "is-empty", (), True),
        ("header", "x-empty", "is-empty", (), True),
        ("header", "x-name", "is-empty", (), False),
        ("query", "none", "is-empty", (), True),
        ("query", "flag", "is-empty", (), True),
        ("query", "a", "is-empty", (), False),
        ("header", "x-none", "at-most", ("5",), False),
        ("header", "x-name", "at-least", ("0",), False),
    ],
)
def test_a_variable_of_something_named_has_none_one_or_several_values(variable, argument, operator, values, expected):
    assert holds(variable, operator, values, argument) is expected
    assert holds(variable, operator, values, argument, negate=True) is not expected


@pytest.mark.parametrize("operator", ["equals", "prefix", "suffix", "contains", "contains-word", "wildcard"])
def test_case_is_ignored_on_both_sides_when_asked(operator):
    assert not holds("path", operator, ("/SHOP/CAFÉ",))
    assert holds("path", operator, ("/SHOP/CAFÉ",), ignore_case=True)
    assert holds("path", "matches", ("^/SHOP",), ignore_case=True)


def test_a_request_without_query_or_cookies_has_no_values():
    bare = Request()
    assert not holds("query", "exists", argument="a", request=bare)
    assert not holds("cookie", "exists", argument="a", request=bare)
    assert not holds("query-string", "exists", request=bare)
    assert not holds("user-agent", "contains", ("",), request=bare)


def test_what_is_known_of_a_value_is_what_the_request_would_be_told():
    for negate in (False, True):
        for condition in (
            Condition("path", "prefix", ("/a",), negate=negate),
            Condition("path", "is-empty", negate=negate),
        ):
            check = compile_condition(condition)
            assert check.known is not None
            for path in ("/a/b", "/b"):
                assert check.known(path) == check.test(Request(target=path))
    assert compile_condition(Condition("header", "exists", argument="a")).known is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10.0),
        ("-1.5", -1.5),
        ("1e3", 1000.0),
        ("", None),
        ("1_0", None),
        ("nan", None),
        ("inf", None),
        ("٣", None),
    ],
)
def test_numbers_are_decimal(text, value):
    assert number(text) == value


def test_what_validation_would_refuse_is_an_error_and_not_a_rule_that_never_matches():
    for condition in (
        Condition("header", "exists"),
        Condition("query", "greater", ("x",), "a"),
        Condition("path", "matches", ("(",)),
        Condition("client-address", "in-network", ("x",)),
        Condition(),
        Condition(not_=Condition("path", "matches", ("(",))),
    ):
        with pytest.raises(ValueError, match=r"\w"):
            compile_condition(condition)


GET, SHOP, OTHER = (
    Condition("method", "equals", ("GET",)),
    Condition("path", "prefix", ("/Shop",)),
    Condition("path", "prefix", ("/other",)),
)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (Condition(any_of=(GET, SHOP)), True),
        (Condition(any_of=(GET, OTHER)), False),
        (Condition(all_of=(SHOP, GET)), False),
        (Condition(all_of=(SHOP, Condition(not_=GET))), True),
        (Condition(not_=Condition(any_of=(GET, OTHER))), True),
        (Condition(not_=Condition(all_of=(SHOP,))), False),
    ],
    ids=repr,
)
def test_a_group_asks_its_members(group, expected):
    assert compile_condition(group).test(REQUEST) is expected
    assert compile_condition(group).known is None


def test_a_request_that_came_over_no_connection_knows_no_server():
    assert holds("server-address", "is-empty", request=Request())
    assert not holds("last-x-forwarded-address", "exists", request=Request())
