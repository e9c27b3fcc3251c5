import uuid

import pytest

from edge.model.actions import Proxy, RequestId, Respond, SetRequestHeader
from edge.model.rule import Rule
from edge.rules.compile import compile_rules
from edge.rules.identity import is_request_id, uuid_of
from edge.rules.request import Request

OWN = "0123456789abcdef0123456789abcdef"


def decide(*actions, sent=None, name=b"x-id", identity=OWN):
    headers = [] if sent is None else [(name, sent)]
    rules = compile_rules([Rule("r", actions=(*actions, Proxy("u")))]).decide
    return rules(Request(headers=headers, request_id=identity))


@pytest.mark.parametrize("text", ["a", "A-1._:/+=@", "x" * 128])
def test_short_ids_of_ordinary_characters_are_taken(text):
    assert is_request_id(text)


@pytest.mark.parametrize("text", ["", "x" * 129, "a b", "a\n", "a\r\nb", 'a"', "a,b", "é", "a\0", "{}", "a;b", "<a>"])
def test_others_are_not(text):
    assert not is_request_id(text)


@pytest.mark.parametrize("last", "0123456789abcdef")
def test_a_uuid_is_of_version_4_and_keeps_the_random_digits(last):
    made = uuid.UUID(uuid_of("f" * 16 + last * 16))
    assert (made.version, made.variant) == (4, uuid.RFC_4122)
    assert made.hex.startswith("f" * 12)
    assert made.hex.endswith(last * 15)


def test_what_is_not_the_gateways_own_stays_as_it_is():
    assert uuid_of("request-1") == "request-1"


def test_the_id_goes_under_its_name_to_the_endpoint_and_into_the_answer():
    decision = decide(RequestId("X-Id"))
    fields = ((b"x-id", OWN.encode()),)
    assert (decision.request_id, decision.request_headers, decision.response_headers) == (OWN.encode(), fields, fields)
    assert decide(RequestId("X-Id", upstream_only=True)).response_headers == ()


def test_the_gateways_own_header_is_the_gateways_to_write():
    decision = decide(RequestId(format="uuid"))
    assert decision.request_id == b"01234567-89ab-4def-8123-456789abcdef"
    assert decision.request_headers == decision.response_headers == ()


@pytest.mark.parametrize(("accept", "taken"), [(True, b"theirs-1"), (False, OWN.encode())])
def test_a_clients_id_is_taken_only_where_the_rule_says_so(accept, taken):
    decision = decide(RequestId("X-Id", accept), sent=b"theirs-1")
    assert decision.request_id == dict(decision.request_headers)[b"x-id"] == taken


@pytest.mark.parametrize("sent", [b"", b"a b", b"x" * 129, b"\xff", None])
def test_one_that_is_not_sane_is_replaced(sent):
    assert decide(RequestId("X-Id", True), sent=sent).request_id == OWN.encode()


def test_templates_of_later_actions_see_it():
    decision = decide(
        SetRequestHeader("X-Before", "${request-id}"),
        RequestId("X-Id", True),
        SetRequestHeader("X-After", "${request-id}"),
        sent=b"theirs",
    )
    assert dict(decision.request_headers)[b"x-before"] == OWN.encode()
    assert dict(decision.request_headers)[b"x-after"] == b"theirs"


def test_each_request_is_decided_for_itself():
    rules = compile_rules([Rule("r", actions=(RequestId(), Respond()))]).decide
    assert [rules(Request(request_id=id)).request_id for id in ("a", "b")] == [b"a", b"b"]
