import asyncio
import logging
import ssl
from datetime import timedelta
from email.utils import format_datetime

import httpx
import msgspec
import pytest

from edge import clock
from edge.kube.address import ClusterAddress
from edge.kube.client import LARGEST_PAGE, Client
from edge.kube.fault import Fault
from edge.kube.resources import NAMESPACES, SERVICES, SLICES
from edge.tasks import Tasks
from tests.kube.support import ADDRESS, TOKEN, Asked, Dialogue, client, in_virtual_time, now, recorded, settle, status


async def faulted(api: Dialogue, play) -> Fault:
    """The fault of a request that the test answers by `play`."""
    task = asyncio.create_task(client(api).page(SERVICES))
    play(await api.hear())
    with pytest.raises(Fault) as caught:
        await task
    return caught.value


@in_virtual_time
async def test_a_request_names_its_host_carries_the_token_and_asks_for_plain_json():
    api = Dialogue()
    tasks = Tasks()
    task = tasks.start(client(api).page(NAMESPACES), "page")
    asked = await api.hear()
    assert str(asked.request.url) == "https://kubernetes.test:6443/api/v1/namespaces?limit=500"
    assert asked.request.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.request.headers["accept"] == "application/json"
    assert asked.request.headers["accept-encoding"] == "identity"
    assert asked.request.headers["user-agent"].startswith("edge/")
    asked.answer(200, recorded("list-namespaces.json"))
    page = await task
    assert len(page.items) == 4
    assert page.metadata.resource_version == "900"


@in_virtual_time
async def test_without_a_token_no_authorization_is_sent():
    api = Dialogue()
    tasks = Tasks()
    tasks.start(client(api, ClusterAddress("kubernetes.test")).page(NAMESPACES), "page")
    assert "authorization" not in (await api.hear()).request.headers
    await tasks.close()


@in_virtual_time
async def test_redirects_are_never_followed():
    def play(asked: Asked) -> None:
        asked.answer(302, b"", {"location": "https://evil.test/steal"})

    api = Dialogue()
    fault = await faulted(api, play)
    assert (fault.reason, api.silent) == ("failing", True)
    assert "redirect" in fault.message
    assert "evil" not in fault.message


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "missing"),
        (410, "expired"),
        (429, "throttled"),
        (500, "failing"),
    ],
)
@in_virtual_time
async def test_an_error_names_the_request_the_code_and_what_the_status_says(code, reason):
    fault = await faulted(Dialogue(), lambda asked: asked.answer(code, status(code, "Any", "why it is so")))
    assert (fault.reason, fault.code) == (reason, code)
    assert fault.message == f"GET https://kubernetes.test:6443/api/v1/services was answered with {code}: why it is so"


@in_virtual_time
async def test_a_foreign_message_is_cut_cleaned_and_never_shows_the_token():
    said = f"line one\r\nline two \x1b[31m {TOKEN} " + "x" * 5000
    fault = await faulted(Dialogue(), lambda asked: asked.answer(403, status(403, "Forbidden", said)))
    assert TOKEN not in fault.message
    assert fault.message.isprintable()
    assert len(fault.message) < 400


@pytest.mark.parametrize(
    "body", [b"<html>private page</html>", b'{"secret": "private"}', b"", b"\xff\xfe", b"[" * 100_000]
)
@in_virtual_time
async def test_a_body_that_is_no_status_is_never_shown(body):
    fault = await faulted(Dialogue(), lambda asked: asked.answer(500, body))
    assert fault.message == "GET https://kubernetes.test:6443/api/v1/services was answered with 500"


@in_virtual_time
async def test_an_endless_error_body_is_not_read_to_its_end():
    def play(asked: Asked) -> None:
        stream = asked.stream(500)
        for _ in range(100):
            stream.send(b"x" * 2**16)

    assert (await faulted(Dialogue(), play)).reason == "failing"


@in_virtual_time
async def test_a_page_beyond_the_limit_is_refused():
    def play(asked: Asked) -> None:
        stream = asked.stream()
        for _ in range(LARGEST_PAGE // 2**24 + 1):
            stream.send(b" " * 2**24)
        stream.end()

    fault = await faulted(Dialogue(), play)
    assert fault.reason == "malformed"
    assert str(LARGEST_PAGE) in fault.message


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"retry-after": "7"}, b"", 7.0),
        ({}, status(429, "TooManyRequests", "", details={"retryAfterSeconds": 3}), 3.0),
        ({}, b"Too many requests", None),
        ({"retry-after": "soon"}, b"", None),
        ({"retry-after": "-5"}, b"", None),
        ({"retry-after": "99999999999999"}, b"", 3600.0),
    ],
)
@in_virtual_time
async def test_retry_after_is_read_in_every_shape(headers, body, expected):
    fault = await faulted(Dialogue(), lambda asked: asked.answer(429, body, headers))
    assert fault.retry_after == expected


@in_virtual_time
async def test_retry_after_may_be_a_date():
    date = format_datetime(clock.now() + timedelta(seconds=20), usegmt=True)
    fault = await faulted(Dialogue(), lambda asked: asked.answer(503, b"", {"retry-after": date}))
    assert (fault.reason, fault.retry_after) == ("throttled", 20.0)


@in_virtual_time
async def test_a_review_is_posted_and_read():
    api = Dialogue()
    tasks = Tasks()
    task = tasks.start(client(api).may("watch", SLICES, "shop"), "review")
    asked = await api.hear()
    assert (asked.method, asked.path) == ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
    assert msgspec.json.decode(asked.body)["spec"]["resourceAttributes"] == {
        "verb": "watch",
        "group": "discovery.k8s.io",
        "resource": "endpointslices",
        "namespace": "shop",
    }
    asked.answer(201, {"kind": "SelfSubjectAccessReview", "status": {"allowed": True}})
    assert await task is True


@pytest.mark.parametrize(
    ("error", "reason", "said"),
    [
        (httpx.ConnectError("x"), "unreachable", "broke the connection"),
        (httpx.RemoteProtocolError("x"), "unreachable", "broke the connection"),
        (ConnectionRefusedError(111, "Connection refused"), "unreachable", "connection refused; check host and port"),
        (OSError(113, "No route to host"), "unreachable", "no route to the host"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "tls", "no TLS connection"),
    ],
)
@in_virtual_time
async def test_a_transport_error_is_a_fault_that_says_what_to_do(error, reason, said):
    fault = await faulted(Dialogue(), lambda asked: asked.fail(error))
    assert fault.reason == reason
    assert said in fault.message


@in_virtual_time
async def test_a_connection_that_breaks_within_a_body_is_unreachable():
    def play(asked: Asked) -> None:
        stream = asked.stream()
        stream.send(b'{"kind":')
        stream.cut()

    assert (await faulted(Dialogue(), play)).reason == "unreachable"


@in_virtual_time
async def test_connecting_and_answering_each_have_their_own_deadline():
    api = Dialogue()
    api.connects.clear()
    with pytest.raises(Fault, match="did not answer in time"):
        await client(api).page(SERVICES)
    assert now() == pytest.approx(5.0)
    api.connects.set()
    with pytest.raises(Fault, match="did not answer in time"):
        await client(api).page(SERVICES)
    assert now() == pytest.approx(15.0)


@in_virtual_time
async def test_time_spent_connecting_is_not_taken_from_the_answer():
    api = Dialogue()
    api.connects.clear()
    tasks = Tasks()
    task = tasks.start(client(api).page(SERVICES), "page")
    await settle(4.9)
    api.connects.set()
    asked = await api.hear()
    await settle(9.9)
    asked.listed(1)
    assert (await task).metadata.resource_version == "1"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (ClusterAddress("https://a/b", token="t"), "unreachable"),
        (ClusterAddress("kubernetes.test", token="two\r\nlines"), "unauthorized"),
    ],
)
@in_virtual_time
async def test_an_impossible_address_is_refused_before_anything_is_sent(address, reason):
    api = Dialogue()
    with pytest.raises(Fault) as caught:
        await client(api, address).page(SERVICES)
    assert caught.value.reason == reason
    assert "two" not in caught.value.message
    assert api.silent


@in_virtual_time
async def test_closing_closes_the_transport():
    api = Dialogue()
    tasks = Tasks()
    used = client(api)
    task = tasks.start(used.page(SERVICES), "page")
    (await api.hear()).listed(1)
    await task
    await used.close()
    await used.close()
    assert api.closed


@in_virtual_time
async def test_nothing_logged_or_shown_has_the_token(caplog):
    caplog.set_level(logging.DEBUG)
    api = Dialogue()
    fault = await faulted(api, lambda asked: asked.answer(401, recorded("unauthorized.json")))
    assert TOKEN not in caplog.text + repr(fault) + str(fault) + repr(Client(ADDRESS))
