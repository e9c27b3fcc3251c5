"""Every resource that can be written: one table, the same deeds for each, over a real Admin."""

import asyncio
import re

import pytest

from tests.admin.api.house import CLUSTER, RESPOND

SERVERS = [{"host": "10.0.0.9", "port": 80, "weight": 1}]

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
        writes_secret = bool(set(body) & set(hidden))  # a secret that is written again is another one
        assert (patched.headers["etag"] != read.headers["etag"]) is writes_secret

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


def test_a_body_that_is_no_object_or_has_an_unknown_field_is_refused(play):
    async def scenario(house):
        ids = await house.furnish()
        for resource in RESOURCES.values():
            path, body, _, _ = (filled(each, ids) for each in resource)
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


def test_two_patches_at_the_same_moment_both_stand(play):
    async def scenario(house):
        ids = await house.furnish()
        one = f"applications/{ids['application']}"
        for number in range(5):
            patches = {"name": f"shop {number}"}, {"domains": [f"{number}.example.com"]}, {"default": number % 2 == 0}
            answers = await asyncio.gather(*(house.ask("PATCH", one, patch) for patch in patches))
            assert [answer.status_code for answer in answers] == [200, 200, 200]
            view = (await house.ask("GET", one)).json()
            assert view.items() >= {**patches[0], **patches[1], **patches[2]}.items()

    play(scenario)


def test_patches_at_the_same_time_are_all_merged(play):
    async def scenario(house):
        ids = await house.furnish()
        path = f"applications/{ids['application']}"
        merge = {"content-type": "application/merge-patch+json"}
        changes = [{"name": "renamed"}, {"domains": ["other.example"]}, {"default": True}]
        answers = await asyncio.gather(*(house.ask("PATCH", path, change, headers=merge) for change in changes))
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        after = (await house.ask("GET", path)).json()
        assert (after["name"], after["domains"], after["default"]) == ("renamed", ["other.example"], True)

    play(scenario)
