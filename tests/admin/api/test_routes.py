from tests.admin.api.house import KUBERNETES_TOKEN, PASSWORD, TOKEN

BODIES = [
    (b'{"name": "eu"}', "application/json", 201),
    (b'{"name": "us"}', "application/json; charset=utf-8", 201),
    (b'{"name": "eu"}', "text/plain", 400),
    (b'{"name": "eu"}', "application/x-www-form-urlencoded", 400),
    (b'{"name": "eu"}', "application/merge-patch+json", 400),
    (b"{", "application/json", 400),
    (b"", "application/json", 400),
    (b"[" * 50_000, "application/json", 400),
    (b'{"name": "' + b"n" * 100_000 + b'"}', "application/json", 413),
    (b'{"name": "\\u0000"}', "application/json", 422),
]


def test_bodies_must_be_json_of_a_sensible_size(play):
    async def scenario(house):
        for content, content_type, status in BODIES:
            response = await house.ask("POST", "partitions", content=content, headers={"content-type": content_type})
            assert response.status_code == status, (content[:80], response.text)

    play(scenario)


def test_what_is_not_there_is_not_found(play):
    async def scenario(house):
        for path in (
            "partitions/%00",
            "partitions/a%2Fb",
            "partitions/%F0%9F%98%80",
            "nothing",
            "../api",
            "partitions/",
        ):
            response = await house.ask("GET", path)
            assert (response.status_code, response.json()["error"]["code"]) == (404, "not-found"), path

    play(scenario)


def test_a_wrong_method_is_told_the_right_ones(play):
    async def scenario(house):
        response = await house.ask("DELETE", "partitions")
        assert response.status_code == 405
        assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
        assert response.json()["error"]["code"] == "method-not-allowed"

    play(scenario)


def test_no_answer_ever_shows_a_secret(play):
    async def scenario(house):
        ids = await house.furnish()
        await house.made("users", {"name": "ada", "role": "editor", "password": "a-s3cr3t-of-ada"})
        await house.ask("PATCH", f"kubernetes-clusters/{ids['cluster']}", {"token": "n3w-s3cr3t-token"})
        await house.ask("PATCH", f"kubernetes-clusters/{ids['cluster']}", {"token": ["l1st-s3cr3t"]})
        await house.ask("POST", "users", {"name": "x", "role": "admin", "password": "s3cr3t"})
        await house.ask("POST", f"applications/{ids['application']}/releases", {})
        for path in (
            "partitions",
            "gateway-clusters",
            "gateway-servers",
            "kubernetes-clusters",
            "applications",
            f"applications/{ids['application']}/upstreams",
            f"applications/{ids['application']}/releases",
            "users",
            "tokens",
            "audit",
            "openapi.json",
            "http://localhost/metrics",
        ):
            assert (await house.ask("GET", path)).status_code == 200

    said = "\n".join(play(scenario).said)
    for secret in (KUBERNETES_TOKEN, PASSWORD, TOKEN, "s3cr3t", "$argon2"):
        assert secret not in said
