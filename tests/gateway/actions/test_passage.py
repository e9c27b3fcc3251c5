from structlog.testing import capture_logs

from edge.gateway.actions.passage import PASS
from edge.gateway.http.head import CHUNKED
from edge.gateway.snapshot import Application
from edge.model.actions import Cors, Proxy
from edge.model.rule import Rule
from edge.rules.compile import compile_rules
from edge.rules.decision import Answer, Handlers
from tests.gateway.actions.acting import request
from tests.gateway.dialogue import Dialogue
from tests.gateway.exchanging import OK, body, field, status
from tests.gateway.serving import serving


def talking(gates=(), filters=(), **settings):
    """A gateway whose one rule has actions that became these gates and filters."""
    made = iter([*(Handlers(gate=gate) for gate in gates), *(Handlers(filter=filter) for filter in filters)])
    actions = [Cors(("https://a.example",))] * (len(gates) + len(filters))
    rules = compile_rules([Rule("r0", actions=(*actions, Proxy("u1")))], lambda action, rule: next(made))
    snapshot = serving("10.0.0.1:80")
    known = snapshot.applications["a1"]
    snapshot.applications["a1"] = Application(known.entry, known.document, rules, known.handlers, known.backends)
    return Dialogue(snapshot, **settings)


class Note:
    """Passes, and notes when the request is over."""

    def __init__(self, seen, name="note"):
        self.seen, self.name = seen, name

    def enter(self, passage):
        self.seen.append(f"{self.name} entered")
        passage.at_end(lambda: self.seen.append(f"{self.name} ended"))
        return PASS


class Holding:
    def __init__(self):
        self.passage, self.released = None, 0

    def enter(self, passage):
        self.passage = passage
        return passage.hold(self.release)

    def release(self):
        self.released += 1


class Refusing:
    def enter(self, passage):
        return Answer(401, b"who?", b"text/plain", fields=((b"www-authenticate", b"Basic"),))


class Failing:
    def enter(self, passage):
        raise RuntimeError("boom")


class Upper:
    """A filter whose body is another one, of a size not known before."""

    def replace(self, passage, status):
        return None

    def change(self, passage, response):
        response.fields.append((b"x-case", b"upper"))
        if response.length:
            response.length = CHUNKED
        return self

    def feed(self, data, ended):
        return data.upper() + (b"!" if ended else b"")


class Broken(Upper):
    """Fails on the last part."""

    def feed(self, data, ended):
        if ended:
            raise RuntimeError("boom")
        return data


def test_gates_are_passed_in_order_and_ended_in_reverse_once_the_answer_is_out():
    seen = []
    talk = talking([Note(seen, "a"), Note(seen, "b")])
    client = talk.client()
    client.says(request())
    pod = talk.accepts()
    assert seen == ["a entered", "b entered"]
    pod.says(OK)
    assert status(client.hears()) == 200
    assert seen[2:] == ["b ended", "a ended"]


def test_a_gate_that_refuses_answers_and_those_behind_it_are_not_asked():
    seen = []
    client = talking([Note(seen, "a"), Refusing(), Note(seen, "b")]).client()
    client.says(request())
    answer = client.hears()
    assert (status(answer), body(answer), field(answer, b"www-authenticate")) == (401, b"who?", b"Basic")
    assert seen == ["a entered", "a ended"]


def test_a_gate_that_holds_keeps_the_request_until_it_goes_on():
    gate = Holding()
    talk = talking([gate])
    client = talk.client()
    client.says(request("POST", body=b"abc"))
    assert client.hears() == b""
    gate.passage.request_edits.append((b"x-user", b"me"))
    gate.passage.go_on()
    pod = talk.accepts()
    sent = pod.hears()
    assert field(sent, b"x-user") == b"me"
    assert body(sent) == b"abc"
    pod.says(OK)
    assert status(client.hears()) == 200
    assert gate.released == 0


def test_a_body_that_comes_while_a_gate_holds_is_bounded():
    gate = Holding()
    talk = talking([gate], buffer_limit=10)
    client = talk.client()
    client.says(b"POST / HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 100\r\n\r\n")
    client.says(b"x" * 20)
    assert client.transport.paused
    gate.passage.go_on()
    assert body(talk.accepts().hears()) == b"x" * 20
    assert not client.transport.paused


def test_a_client_that_leaves_while_a_gate_holds_is_let_go_and_nothing_is_asked():
    gate = Holding()
    talk = talking([gate])
    client = talk.client()
    client.says(request())
    client.resets()
    assert gate.released == 1
    gate.passage.go_on()
    assert talk.connecting == []


def test_a_gate_that_fails_is_one_requests_500_and_is_logged_without_the_request():
    client = talking([Failing()]).client()
    with capture_logs() as logs:
        client.says(request(path="/secret"))
    assert status(client.hears()) == 500
    assert [line["event"] for line in logs] == ["a page rule failed"]
    assert "/secret" not in repr(logs)


def test_a_filter_changes_head_and_body_of_endpoints_answers_in_every_framing():
    talk = talking(filters=[Upper()])
    client = talk.client()
    client.says(request())
    pod = talk.accepts()
    pod.says(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab")
    first = client.hears()
    assert (field(first, b"x-case"), field(first, b"transfer-encoding")) == (b"upper", b"chunked")
    pod.says(b"cdef")
    assert body(first) + client.hears() == b"2\r\nAB\r\n5\r\nCDEF!\r\n0\r\n\r\n"


def test_a_client_of_http_1_0_gets_a_changed_body_up_to_the_end_of_the_connection():
    talk = talking(filters=[Upper()])
    client = talk.client()
    client.says(b"GET / HTTP/1.0\r\nHost: www.example.com\r\nConnection: keep-alive\r\n\r\n")
    pod = talk.accepts()
    pod.says(OK[:-2])
    pod.says(OK[-2:])
    answer = client.hears()
    assert (body(answer), field(answer, b"transfer-encoding")) == (b"HELLO!", None)
    assert client.closed


def test_a_filter_that_fails_before_the_answer_has_begun_is_a_500():
    talk = talking(filters=[Broken()])
    client = talk.client()
    client.says(request())
    with capture_logs():
        talk.accepts().says(OK)
    assert status(client.hears()) == 500


def test_a_filter_that_fails_later_never_lets_half_an_answer_look_whole():
    talk = talking(filters=[Broken()])
    client = talk.client()
    client.says(request())
    pod = talk.accepts()
    pod.says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
    with capture_logs():
        pod.says(b"b")
    assert client.hears().endswith(b"1\r\na\r\n")
    assert client.transport.aborted
