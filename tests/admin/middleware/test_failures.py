import httpx
import pytest
from starlette.responses import PlainTextResponse

from edge.admin.errors import Conflict, Unauthorized, Unavailable
from edge.admin.middleware.failures import Failures
from edge.admin.middleware.security import CONTENT_SECURITY_POLICY, SecurityHeaders


async def answer(error, path):
    async def app(scope, receive, send):
        raise error

    transport = httpx.ASGITransport(SecurityHeaders(Failures(app)))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get(path)


async def test_programs_get_the_error_as_json():
    response = await answer(Conflict("the name is in use", "name"), "/api/v1/partitions")
    assert response.status_code == 409
    assert response.json() == {"error": {"code": "conflict", "message": "the name is in use", "field": "name"}}
    assert response.headers["cache-control"] == "no-store"


async def test_people_get_a_page_in_which_the_message_is_text():
    response = await answer(Conflict("<script>"), "/applications")
    assert response.status_code == 409
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "&lt;script&gt;" in response.text
    assert "<script>" not in response.text


async def test_what_nobody_foresaw_says_nothing_of_itself():
    response = await answer(RuntimeError("password=s3cr3t"), "/api/v1/users")
    assert response.status_code == 500
    assert "s3cr3t" not in response.text
    assert response.json()["error"]["code"] == "error"


async def test_an_unauthorized_program_is_told_how_to_be_authorized():
    response = await answer(Unauthorized("who are you"), "/api/v1/users")
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_database_that_is_away_asks_to_come_back():
    response = await answer(Unavailable("the database does not answer"), "/api/v1/users")
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")


async def test_half_an_answer_is_broken_off_not_ended_well():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("in the middle")

    async def ignore(message):
        pass

    with pytest.raises(RuntimeError, match="in the middle"):
        await Failures(app)({"type": "http", "path": "/api/v1/x", "headers": []}, None, ignore)


async def test_security_headers_are_on_every_answer_and_do_not_replace_its_own():
    async def app(scope, receive, send):
        await PlainTextResponse("x", headers={"referrer-policy": "no-referrer"})(scope, receive, send)

    transport = httpx.ASGITransport(SecurityHeaders(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        headers = (await client.get("/")).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers.get_list("referrer-policy") == ["no-referrer"]
    assert headers["x-content-type-options"] == "nosniff"


def test_the_policy_allows_nothing_inline_and_no_frames():
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'")
