import pytest

from tests.gateway.actions.acting import ask, dialogue, request
from tests.gateway.exchanging import OK, body, status


@pytest.mark.parametrize(
    ("allow", "deny", "passes"),
    [
        (["192.0.2.0/24"], [], True),
        (["10.0.0.0/8"], [], False),
        ([], ["192.0.2.7"], False),
        ([], ["10.0.0.0/8"], True),
        (["192.0.2.0/24"], ["192.0.2.7"], False),
    ],
)
def test_the_clients_address_decides(allow, deny, passes):
    client = (talk := dialogue({"type": "ip-access", "allow": allow, "deny": deny})).client()
    client.says(request())
    if passes:
        talk.accepts().says(OK)
    assert status(client.hears()) == (200 if passes else 403)


def test_who_is_refused_reaches_no_endpoint_and_keeps_the_connection():
    talk = dialogue({"type": "ip-access", "deny": ["192.0.2.7"], "status": 451})
    client = talk.client()
    client.says(request())
    answer = client.hears()
    assert (status(answer), body(answer)) == (451, b"this address may not ask\n")
    client.says(request())
    assert status(client.hears()) == 451


def test_behind_a_trusted_proxy_it_is_the_address_that_the_proxy_names():
    talk = dialogue({"type": "ip-access", "allow": ["203.0.113.0/24"]}, trusted_proxies=("192.0.2.0/24",))
    assert status(ask(talk, request(X_Forwarded_For="203.0.113.9"), OK)[1]) == 200
    client = talk.client()
    client.says(request(X_Forwarded_For="198.51.100.9"))
    assert status(client.hears()) == 403
