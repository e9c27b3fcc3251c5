import re
from datetime import datetime

import httpx
import pytest

from tests.admin.api import house
from tests.admin.api.house import TOKEN
from tests.support.authority import authority


@pytest.fixture
def play(tmp_path):
    return lambda scenario: house.run(scenario, tmp_path)


def test_it_says_whether_it_lives_and_whether_its_database_answers(play):
    async def scenario(house):
        for path, text in (("healthz", "ok\n"), ("readyz", "ready\n")):
            response = await house.client.get(f"http://localhost/{path}", headers={"host": "10.0.0.1:8001"})
            assert (response.status_code, response.text) == (200, text)

    play(scenario)


def test_a_database_that_is_away_is_a_503_everywhere_and_no_more_once_it_is_back(play):
    async def scenario(house):
        driver = await house.admin.database.run(lambda session: session.connection().connection.driver_connection)
        driver.set_progress_handler(lambda: 1, 1)  # SQLite gives every statement up, with an OperationalError
        for path in ("partitions", "partitions/x", "audit", "events"):
            response = await house.ask("GET", path)
            assert (response.status_code, response.json()["error"]["code"]) == (503, "unavailable")
            assert response.headers["retry-after"] == "5"
        assert (await house.ask("POST", "partitions", {"name": "eu"})).status_code == 503
        session = {"cookie": "edge-session=something"}
        page = await house.client.get("http://localhost/applications", headers=session)
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert (await house.client.get("http://localhost/readyz")).status_code == 503
        assert (await house.client.get("http://localhost/healthz")).status_code == 200
        assert (await house.client.get("http://localhost/metrics")).status_code == 200
        driver.set_progress_handler(None, 0)
        assert (await house.ask("POST", "partitions", {"name": "eu"})).status_code == 201
        assert (await house.client.get("http://localhost/readyz")).status_code == 200

    play(scenario)


def test_metrics_count_requests_and_clusters(play):
    async def scenario(house):
        await house.furnish()
        await house.ask("GET", "partitions/nothing")
        await house.ask("BREW", "partitions")
        text = (await house.client.get("http://localhost/metrics")).text
        assert 'edge_admin_requests_total{method="GET",status_class="4xx"} 1.0' in text
        assert 'edge_admin_requests_total{method="other",status_class="4xx"} 1.0' in text
        assert 'edge_admin_kubernetes_clusters{state="connected"} 1.0' in text
        assert "edge_admin_gateway_connections 0.0" in text
        chain, key = authority().issue("www.shop.example")
        certificate = await house.made("certificates", {"name": "shop", "certificate": chain, "key": key})
        text = (await house.client.get("http://localhost/metrics")).text
        end = datetime.fromisoformat(certificate["not_after"]).timestamp()
        (line,) = re.findall(
            r'^edge_admin_certificate_not_after_seconds\{certificate="shop"\} (.+)$', text, re.MULTILINE
        )
        assert float(line) == end
        assert "edge_admin_request_seconds_count" in text

    play(scenario)


def test_every_answer_carries_the_security_headers(play):
    async def scenario(house):
        for path in ("partitions", "nothing", "http://localhost/sign-in", "http://localhost/metrics", "openapi.json"):
            headers = (await house.client.get(path)).headers
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
        evil = await house.client.get("partitions", headers={"host": "evil.example"})
        assert "content-security-policy" in evil.headers

    play(scenario)


def test_a_foreign_host_is_refused_before_anything_else(play):
    async def scenario(house):
        for path in ("partitions", "http://localhost/", "http://localhost/metrics"):
            response = await house.client.get(path, headers={"host": "evil.example"})
            assert response.status_code == 400
        assert response.json()["error"]["code"] == "host-not-allowed"

    play(scenario)


def test_the_console_is_there_and_errors_beside_the_api_are_pages(play):
    async def scenario(house):
        response = await house.client.get("http://localhost/sign-in")
        assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
        missing = await house.client.get("http://localhost/nothing")
        assert (missing.status_code, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")

    play(scenario)


def test_a_cookie_means_nothing_to_the_api(play):
    async def scenario(house):
        session = await house.admin.login.sign_in("admin", "console-s3cr3t-password", "127.0.0.1")
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(house.app),
            base_url="http://localhost",
            cookies={"edge-session": session, "__Host-edge-session": session},
        ) as client:
            assert (await client.get("/kubernetes")).status_code == 200
            assert (await client.get("/api/v1/partitions")).status_code == 401
            assert (await client.get(f"/api/v1/partitions?token={TOKEN}")).status_code == 401

    play(scenario)


def test_a_socket_that_is_none_is_told_so(play):
    async def scenario(house):
        response = await house.client.get("http://localhost/gateway/v1/connect")
        assert (response.status_code, response.json()["error"]["code"]) == (400, "bad-request")

    play(scenario)
