"""Every resource, through the whole API, over a real Admin."""

import re
from datetime import datetime

import pytest

from tests.admin.api.house import CLUSTER, KUBERNETES_TOKEN, PASSWORD, TOKEN

SERVERS = [{"host": "10.0.0.9", "port": 80, "weight": 1}]
RESPOND = {"type": "respond", "status": 200, "body": "hi", "content_type": "text/plain"}

# path (with ids of a furnished house), body, what to change, and fields that are read but not shown
RESOURCES = {
    "partitions": ("partitions", {"name": "us"}, {"name": "us-2"}, ()),
    "gateway-clusters": ("gateway-clusters", {"name": "us-1", "partition": "{partition}"}, {"name": "us-2"}, ()),
    "kubernetes-clusters": (
        "kubernetes-clusters",
        {**CLUSTER, "name": "k2", "read_timeout": 9.5},
        {"read_timeout": 20.0},
        ("token",),
    ),
    "applications": (
        "applications",
        {"name": "blog", "domains": ["blog.example.com"], "partitions": ["{partition}"], "default": True},
        {"domains": ["blog.example.com", "*.blog.example.com"]},
        (),
    ),
    "upstreams": (
        "applications/{application}/upstreams",
        {"name": "static", "servers": SERVERS, "kubernetes": None},
        {"servers": [*SERVERS, {"host": "10.0.0.10", "port": 8080, "weight": 2}]},
        (),
    ),
    "rules": (
        "applications/{application}/rules",
        {
            "name": "api",
            "enabled": True,
            "conditions": [{"variable": "path", "operator": "prefix", "values": ["/api/"]}],
            "actions": [{"type": "set-response-header", "name": "x-a", "value": "b"}, RESPOND],
            "order": 0,
        },
        {"enabled": False},
        (),
    ),
    "users": (
        "users",
        {"name": "ada", "role": "editor", "password": "a-s3cr3t-of-ada"},
        {"role": "viewer"},
        ("password",),
    ),
}


def filled(value, ids):
    """`value` with {name} replaced by the furnished house's ids."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda match: ids[match[1]], value)
    if isinstance(value, list):
        return [filled(item, ids) for item in value]
    return {name: filled(item, ids) for name, item in value.items()} if isinstance(value, dict) else value


def shown(body, hidden):
    return {name: value for name, value in body.items() if name not in hidden}


@pytest.mark.parametrize("name", RESOURCES)
def test_a_resource_is_created_read_listed_replaced_patched_and_deleted(play, name):
    async def scenario(house):
        ids = await house.furnish()
        path, body, change, hidden = (filled(each, ids) for each in RESOURCES[name])
        created = await house.ask("POST", path, body)
        assert created.status_code == 201, created.text
        view = created.json()
        assert shown(view, ()).items() >= shown(body, hidden).items()
        assert not set(view) & set(hidden)

        one = f"{path}/{view['id']}"
        read = await house.ask("GET", one)
        assert read.status_code == 200
        assert read.json().items() >= shown(body, hidden).items()
        assert read.headers["etag"] == created.headers["etag"]
        assert view["id"] in [each["id"] for each in (await house.ask("GET", path)).json()["items"]]

        replaced = await house.ask("PUT", one, {**body, **change})
        assert replaced.status_code == 200, replaced.text
        assert replaced.json().items() >= shown({**body, **change}, hidden).items()
        assert replaced.headers["etag"] != read.headers["etag"]

        back = {field: body[field] for field in change}
        patched = await house.ask("PATCH", one, back, headers={"content-type": "application/merge-patch+json"})
        assert patched.status_code == 200, patched.text
        assert patched.json().items() >= shown(body, hidden).items()
        assert patched.headers["etag"] == read.headers["etag"]

        stale = {"if-match": replaced.headers["etag"]}
        for method in ("PUT", "PATCH"):
            refused = await house.ask(method, one, body, headers=stale)
            assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
        fresh = await house.ask("PATCH", one, change, headers={"if-match": patched.headers["etag"]})
        assert fresh.status_code == 200, fresh.text

        assert (await house.ask("DELETE", one)).status_code == 204
        for method in ("GET", "DELETE"):
            gone = await house.ask(method, one)
            assert (gone.status_code, gone.json()["error"]["code"]) == (404, "not-found")
        assert (await house.ask("PUT", one, body)).status_code == 404

    play(scenario)


@pytest.mark.parametrize("name", RESOURCES)
def test_a_body_that_is_no_object_or_has_an_unknown_field_is_refused(play, name):
    async def scenario(house):
        ids = await house.furnish()
        path, body, _, _ = (filled(each, ids) for each in RESOURCES[name])
        refused = await house.ask("POST", path, [])
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid")
        refused = await house.ask("POST", path, {**body, "colour": "red"})
        assert (refused.status_code, refused.json()["error"]["field"]) == (422, "colour")
        assert (await house.ask("POST", path)).status_code == 400

    play(scenario)


def test_lists_come_in_pages(play):
    async def scenario(house):
        for number in range(5):
            await house.made("partitions", {"name": f"p{number}"})
        names, after = [], {}
        while after is not None:
            page = (await house.ask("GET", "partitions", params={"limit": 2, **after})).json()
            assert len(page["items"]) <= 2
            names += [item["name"] for item in page["items"]]
            after = {"after": page["next"]} if page["next"] is not None else None
        assert sorted(names) == [f"p{number}" for number in range(5)]
        for query in ("limit=0", "limit=1001", "limit=x", "limit=-1", "limit=", "after=nothing", "limit=1e3"):
            refused = await house.ask("GET", f"partitions?{query}")
            assert (refused.status_code, refused.json()["error"]["field"]) == (400, query.partition("=")[0])

    play(scenario)


def test_a_gateway_cluster_makes_join_tokens_and_a_used_partition_cannot_be_deleted(play):
    async def scenario(house):
        ids = await house.furnish()
        path = f"gateway-clusters/{ids['gateways']}/join-tokens"
        for body in ({}, {"uses": 3, "expires_in": 60}):
            token = await house.made(path, body)
            assert set(token) == {"token", "expires"}
            assert datetime.fromisoformat(token["expires"]).utcoffset().total_seconds() == 0
        assert (await house.client.post(path)).status_code == 201
        assert (await house.ask("POST", "gateway-clusters/nothing/join-tokens", {})).status_code == 404
        refused = await house.ask("DELETE", f"partitions/{ids['partition']}")
        assert refused.status_code == 409
        assert "eu-1" in refused.json()["error"]["message"]

    play(scenario)


def test_a_kubernetes_cluster_is_checked_and_its_namespaces_and_services_are_listed(play):
    async def scenario(house):
        ids = await house.furnish()
        one = f"kubernetes-clusters/{ids['cluster']}"
        assert (await house.ask("GET", one)).json()["status"]["state"] == "connected"
        assert (await house.ask("GET", f"{one}/namespaces")).json()["items"] == [{"name": "default"}]
        services = (await house.ask("GET", f"{one}/namespaces/default/services")).json()["items"]
        assert services == [{"name": "hello", "ports": [{"name": None, "port": 80, "protocol": "TCP"}]}]
        good = await house.ask("POST", "kubernetes-clusters/check", CLUSTER)
        assert (good.status_code, good.json()["state"]) == (200, "connected")
        bad = await house.ask("POST", "kubernetes-clusters/check", {**CLUSTER, "token": "wr0ng-s3cr3t"})
        assert (bad.status_code, bad.json()["state"]) == (200, "unauthorized")
        stored = await house.made("kubernetes-clusters", {**CLUSTER, "name": "bad", "token": "wr0ng-s3cr3t"})
        assert stored["status"]["state"] == "unauthorized"
        moved = await house.ask("PATCH", one, {"host": "elsewhere.test"})
        assert (moved.status_code, moved.json()["error"]["field"]) == (422, "token")
        assert (await house.ask("DELETE", one)).status_code == 409

    play(scenario)


def test_an_upstream_shows_the_endpoints_of_its_service(play):
    async def scenario(house):
        ids = await house.furnish()
        view = (await house.ask("GET", f"applications/{ids['application']}/upstreams/{ids['upstream']}")).json()
        assert [(each["address"], each["port"], each["pod"]) for each in view["endpoints"]] == [
            ("10.1.0.1", 8080, "pod-10.1.0.1"),
            ("10.1.0.2", 8080, "pod-10.1.0.2"),
        ]
        assert {"node", "zone", "ready", "serving", "terminating"} <= set(view["endpoints"][0])
        assert isinstance(view["revision"], int)
        assert view["stale_since"] is None

    play(scenario)


def test_rules_are_put_in_order(play):
    async def scenario(house):
        ids = await house.furnish()
        path = f"applications/{ids['application']}/rules"
        second = (await house.made(path, {"actions": [RESPOND]}))["id"]
        page = (await house.ask("PUT", f"{path}/order", {"ids": [second, ids["rule"]]})).json()
        assert [(rule["id"], rule["order"]) for rule in page["items"]] == [(second, 0), (ids["rule"], 1)]
        refused = await house.ask("PUT", f"{path}/order", {"ids": [second]})
        assert (refused.status_code, refused.json()["error"]["field"]) == (422, "ids")
        assert (await house.ask("GET", f"{path}/order")).status_code == 404

    play(scenario)


def test_a_rule_that_cannot_be_is_refused_with_the_path_of_its_field(play):
    async def scenario(house):
        ids = await house.furnish()
        path = f"applications/{ids['application']}/rules"
        for action, field in (
            ({"type": "proxy", "upstream": "nothing"}, "actions[0].upstream"),
            ({"type": "redirect", "url": "https://${nobody}"}, "actions[0].url"),
            ({"type": "respond", "status": 99}, "actions[0].status"),
            ({"type": "set-request-header", "name": "a b", "value": ""}, "actions[0].name"),
            ({"type": "teleport"}, "actions[0].type"),
        ):
            refused = await house.ask("POST", path, {"actions": [action]})
            assert (refused.status_code, refused.json()["error"]["field"]) == (422, field), refused.text

    play(scenario)


def test_changes_are_released_discarded_and_rolled_back(play):
    async def scenario(house):
        ids = await house.furnish()
        application = f"applications/{ids['application']}"
        changes = (await house.ask("GET", f"{application}/changes")).json()["items"]
        assert changes
        assert set(changes[0]) == {"id", "text", "before", "after", "user", "at"}
        assert (await house.ask("GET", f"{application}/changes/{changes[0]['id']}")).json() == changes[0]

        first = await house.made(f"{application}/releases", {"comment": "first"})
        assert (first["version"], first["comment"], first["sync"]["total"]) == (1, "first", 0)
        nothing = await house.ask("POST", f"{application}/releases", {})
        assert nothing.status_code == 409

        await house.ask("PATCH", f"{application}/rules/{ids['rule']}", {"name": "renamed"})
        change = (await house.ask("GET", f"{application}/changes")).json()["items"][0]
        assert (await house.ask("DELETE", f"{application}/changes/{change['id']}")).status_code == 204
        assert (await house.ask("GET", f"{application}/changes")).json()["items"] == []

        await house.ask("PATCH", f"{application}/rules/{ids['rule']}", {"name": "renamed"})
        second = await house.made(f"{application}/releases", {})
        assert second["version"] == 2
        await house.ask("PATCH", f"{application}/rules/{ids['rule']}", {"name": "again"})
        pending = await house.ask("POST", f"{application}/releases/1/rollback", {})
        assert pending.status_code == 409
        back = await house.ask("POST", f"{application}/releases/1/rollback?discard=true", {"comment": "back"})
        assert back.status_code == 201, back.text
        assert (back.json()["version"], back.json()["hash"]) == (3, first["hash"])
        assert (await house.ask("GET", f"{application}/rules/{ids['rule']}")).json()["name"] == "all"
        page = (await house.ask("GET", f"{application}/releases")).json()
        assert [release["version"] for release in page["items"]] == [3, 2, 1]
        assert (await house.ask("GET", f"{application}/releases/2")).json()["version"] == 2
        for version in ("4", "0", "x", "99999999999999999999"):
            assert (await house.ask("GET", f"{application}/releases/{version}")).status_code == 404

        await house.ask("PATCH", f"{application}/rules/{ids['rule']}", {"name": "again"})
        assert (await house.ask("DELETE", f"{application}/changes")).status_code == 204
        assert (await house.ask("GET", application)).json()["pending"] == 0
        maybe = await house.ask("POST", f"{application}/releases/1/rollback?discard=maybe", {})
        assert (maybe.status_code, maybe.json()["error"]["field"]) == (400, "discard")

    play(scenario)


def test_a_token_is_shown_once_works_and_stops_working(play):
    async def scenario(house):
        made = await house.made("tokens", {"name": "ci", "role": "viewer", "expires_in": 60})
        token = {"authorization": f"Bearer {made['token']}"}
        assert (await house.ask("GET", "partitions", headers=token)).status_code == 200
        read = (await house.ask("GET", f"tokens/{made['id']}")).json()
        assert read.get("token") is None
        assert (await house.ask("PUT", f"tokens/{made['id']}", {"name": "other"})).status_code == 405
        assert (await house.ask("DELETE", f"tokens/{made['id']}")).status_code == 204
        refused = await house.ask("GET", "partitions", headers=token)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized")

    play(scenario)


def test_the_audit_says_who_did_what(play):
    async def scenario(house):
        await house.made("partitions", {"name": "eu"})
        line = (await house.ask("GET", "audit")).json()["items"][0]
        assert set(line) == {"id", "at", "actor", "action", "target", "detail"}
        assert (line["action"], "eu" in line["target"]) == ("create", True)

    play(scenario)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic YWRtaW46eA==", f"Token {TOKEN}", "Bearer wrong", f"Bearer {TOKEN}x", "Bearer é"],
)
def test_who_has_no_valid_token_is_not_heard(play, header):
    async def scenario(house):
        for method, path in (("GET", "partitions"), ("POST", "partitions"), ("GET", "events"), ("GET", "audit")):
            refused = await house.client.request(method, path, headers={"authorization": header.encode()})
            assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized")
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


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b'{"name": "eu"}', "application/json", 201),
        (b'{"name": "eu"}', "application/json; charset=utf-8", 201),
        (b'{"name": "eu"}', "text/plain", 400),
        (b'{"name": "eu"}', "application/x-www-form-urlencoded", 400),
        (b'{"name": "eu"}', "application/merge-patch+json", 400),
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
        (b'{"name": "' + b"n" * 100_000 + b'"}', "application/json", 413),
        (b'{"name": "\\u0000"}', "application/json", 422),
    ],
)
def test_bodies_must_be_json_of_a_sensible_size(play, content, content_type, status):
    async def scenario(house):
        response = await house.ask("POST", "partitions", content=content, headers={"content-type": content_type})
        assert response.status_code == status, response.text

    play(scenario)


@pytest.mark.parametrize("path", ["partitions/%00", "partitions/a%2Fb", "partitions/%F0%9F%98%80", "nothing", "../api"])
def test_what_is_not_there_is_not_found(play, path):
    async def scenario(house):
        response = await house.ask("GET", path)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not-found")

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


NASTY = [
    None,
    "",
    " ",
    "\u0000",
    "\u202e\ud7ff",
    "a" * 5000,
    "../../etc/passwd",
    "' OR 1=1; --",
    "http://[",
    "[::1",
    "*." * 200,
    "xn--\u00e9",
    0,
    -1,
    2**31,
    2**53 - 1,
    2**63,
    1.5,
    -0.0,
    True,
    [],
    {},
    [None],
    [[]],
    [{}],
    ["", ""],
    ["a", "a"],
    {"": ""},
]


def places(value, path=()):
    """Every place in `value`, as the steps that lead there."""
    yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in steps:
        yield from places(item, (*path, step))


def with_value(value, path, new):
    if not path:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = with_value(value[path[0]], path[1:], new)
    return copied


@pytest.mark.parametrize("name", RESOURCES)
def test_whatever_stands_in_a_field_is_taken_or_refused_but_breaks_nothing(play, name):
    async def scenario(house):
        ids = await house.furnish()
        path, body, _, _ = (filled(each, ids) for each in RESOURCES[name])
        for place in places(body):
            for value in NASTY:
                response = await house.ask("POST", path, with_value(body, place, value))
                assert response.status_code in (201, 400, 409, 422), (place, value, response.text)
                if response.status_code == 201:
                    one = f"{path}/{response.json()['id']}"
                    assert (await house.ask("GET", one)).status_code == 200
                    assert (await house.ask("DELETE", one)).status_code in (204, 409)
        assert (await house.ask("GET", path)).status_code == 200
        if "{application}" in RESOURCES[name][0]:
            release = await house.ask("POST", f"applications/{ids['application']}/releases", {})
            assert release.status_code in (201, 422), release.text

    play(scenario)
