import pytest

from tests.admin.api.house import RESPOND, TOKEN

HEADERS = [
    "",
    "Bearer",
    "Bearer ",
    "Basic YWRtaW46eA==",
    f"Token {TOKEN}",
    "Bearer wrong",
    f"Bearer {TOKEN}x",
    "Bearer é",
]


def test_who_has_no_valid_token_is_not_heard(play):
    async def scenario(house):
        for header in HEADERS:
            for method, path in (("GET", "partitions"), ("POST", "partitions"), ("GET", "events"), ("GET", "audit")):
                refused = await house.client.request(method, path, headers={"authorization": header.encode()})
                assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized"), header
                assert refused.headers["www-authenticate"].startswith("Bearer")

    play(scenario)


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("viewer", {"read": 200, "edit": 403, "release": 403, "manage": 403, "audit": 403}),
        ("editor", {"read": 200, "edit": 201, "release": 403, "manage": 403, "audit": 403}),
        ("releaser", {"read": 200, "edit": 201, "release": 201, "manage": 403, "audit": 403}),
        ("admin", {"read": 200, "edit": 201, "release": 201, "manage": 201, "audit": 200}),
    ],
)
def test_each_role_may_do_what_it_may(play, role, statuses):
    async def scenario(house):
        ids = await house.furnish()
        token = await house.role(role)
        application = f"applications/{ids['application']}"
        deeds = {
            "read": ("GET", application, None),
            "edit": ("POST", f"{application}/rules", {"actions": [RESPOND]}),
            "release": ("POST", f"{application}/releases", {}),
            "manage": ("POST", "partitions", {"name": "us"}),
            "audit": ("GET", "audit", None),
        }
        answers = {
            name: (await house.ask(method, path, body, headers=token)).status_code
            for name, (method, path, body) in deeds.items()
        }
        assert answers == statuses

    play(scenario)
