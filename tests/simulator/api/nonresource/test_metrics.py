"""What /metrics counts, what other paths beside the resources answer, and what a server that ends says."""

from __future__ import annotations

import json

from cryptography.hazmat.primitives.asymmetric import ec

from tests.simulator.api.client import Api

MAPS = "/api/v1/namespaces/default/configmaps"


async def test_requests_are_counted_by_verb_resource_and_code() -> None:
    api = Api()
    await api.call("GET", MAPS)
    await api.call("GET", MAPS)
    await api.call("GET", f"{MAPS}/nothing")
    page = await api.call("GET", "/metrics")
    assert page.header("content-type").startswith("text/plain; version=0.0.4")
    what = 'component="apiserver",dry_run="",group="",resource="configmaps"'
    text = page.body.decode()
    assert (
        f'apiserver_request_total{{code="200",{what},scope="namespace",subresource="",verb="LIST",version="v1"}} 2\n'
        in text
    )
    assert (
        f'apiserver_request_total{{code="404",{what},scope="resource",subresource="",verb="GET",version="v1"}} 1\n'
        in text
    )
    assert 'apiserver_storage_objects{resource="namespaces"} 4\n' in text


async def test_a_server_that_ends_sends_requests_away_in_plain_text_and_still_says_it_lives() -> None:
    api = Api()
    api.application.ending = True
    away = await api.call("GET", MAPS)
    assert (away.status, away.header("content-type")) == (429, "text/plain; charset=utf-8")
    assert (away.header("retry-after"), away.header("connection")) == ("5", "close")
    assert away.body == b"The apiserver is shutting down, please try again later.\n"
    assert (await api.call("GET", "/livez")).status == 200


async def test_the_key_of_tokens_is_published() -> None:
    api = Api()
    about = (await api.call("GET", "/.well-known/openid-configuration")).json()
    assert about["jwks_uri"] == about["issuer"] + "/openid/v1/jwks"
    (key,) = (await api.call("GET", "/openid/v1/jwks")).json()["keys"]
    numbers = api.backend.issuer._key.public_key().public_numbers()
    assert isinstance(numbers, ec.EllipticCurvePublicNumbers)
    assert (key["kty"], key["crv"], key["alg"]) == ("EC", "P-256", "ES256")
    anonymous = await api.call("GET", "/openid/v1/jwks", token=None)
    assert anonymous.status == 403


async def test_a_query_of_thousands_of_parameters_is_no_failure() -> None:
    query = "&".join(f"p{number}=1" for number in range(3000))
    reply = await Api().call("GET", f"{MAPS}?{query}")
    assert (reply.status, json.loads(reply.body)["kind"]) == (200, "ConfigMapList")
