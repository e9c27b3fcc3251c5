from tests.gateway.actions.acting import ask, dialogue, request
from tests.gateway.dialogue import Dialogue
from tests.gateway.exchanging import OK, body, field, status
from tests.gateway.serving import serving

PAGE = {"type": "error-page", "statuses": [500, 502, 503], "body": "<h1>Sorry, ${request-id}</h1>"}
FAILED = b"HTTP/1.1 500 Oh\r\nContent-Length: 5\r\nX-Secret: trace\r\n\r\nstack"


def test_it_takes_the_place_of_an_endpoints_error_and_nothing_of_that_is_left():
    _, answer = ask(dialogue(PAGE), request(), FAILED)
    assert status(answer) == 500
    assert body(answer) == b"<h1>Sorry, %b</h1>" % field(answer, b"x-request-id")
    assert field(answer, b"content-type") == b"text/html"
    assert field(answer, b"x-secret") is None


def test_an_answer_that_was_not_read_whole_costs_its_connection_and_not_the_clients():
    talk = dialogue(PAGE)
    client = talk.client()
    client.says(request())
    pod = talk.accepts()
    pod.says(b"HTTP/1.1 500 Oh\r\nContent-Length: 500\r\n\r\nbegin")
    assert status(client.hears()) == 500
    assert pod.closed
    client.says(request())
    talk.accepts().says(OK)
    assert status(client.hears()) == 200


def test_it_takes_the_place_of_the_gateways_own_error_with_another_status():
    talk = Dialogue(serving(rules=[{"actions": [PAGE | {"status": 200}, {"type": "proxy", "upstream": "u1"}]}]))
    client = talk.client()
    client.says(request())
    answer = client.hears()
    assert (status(answer), body(answer)[:9]) == (200, b"<h1>Sorry")


def test_other_answers_stay_as_they_are():
    _, answer = ask(dialogue(PAGE), request(), b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno")
    assert (status(answer), body(answer)) == (404, b"no")


def test_a_head_request_gets_the_pages_size_without_the_page():
    _, answer = ask(dialogue(PAGE | {"body": "1234567"}), request("HEAD"), FAILED.partition(b"stack")[0])
    assert (status(answer), field(answer, b"content-length"), body(answer)) == (500, b"7", b"")


def test_what_a_client_wrote_stands_escaped_in_a_page():
    page = PAGE | {"body": "${header.x-name}"}
    _, answer = ask(dialogue(page), request(X_Name="<script>"), FAILED)
    assert body(answer) == b"&lt;script&gt;"


def test_it_takes_the_place_of_what_a_gate_refuses_and_leaves_what_the_refusal_says_to_programs():
    page = {"type": "error-page", "statuses": [403, 429], "body": "<p>no"}
    limit = {"type": "limit-rate", "rate": 1, "per": "minute"}
    talk = dialogue(limit, page, terminal={"type": "respond", "status": 403, "body": "as the rule says"})
    client = talk.client()
    client.says(request())
    assert body(client.hears()) == b"as the rule says"
    client.says(request())
    answer = client.hears()
    assert (status(answer), body(answer), field(answer, b"content-type")) == (429, b"<p>no", b"text/html")
    assert (field(answer, b"retry-after"), field(answer, b"ratelimit")) == (b"60", b'"1-per-minute";r=0;t=60')


def test_a_page_that_makes_a_refusal_a_success_is_all_there_is():
    page = {"type": "error-page", "statuses": [403], "body": "<p>closed", "status": 200}
    client = (dialogue({"type": "ip-access", "deny": ["192.0.2.7"], "status": 403}, page)).client()
    client.says(request())
    answer = client.hears()
    assert (status(answer), body(answer)) == (200, b"<p>closed")
