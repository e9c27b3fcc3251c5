"""Whatever is asked, the answer is one that the OpenAPI document names, and never a server error.

Requests are generated from the document, valid ones and broken ones; half of them name things that exist, so that they
reach the services and not only the first check.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from random import Random

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core import NotSet
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode

from edge.admin.api.openapi import document
from edge.admin.api.resources import operations
from tests.admin.api import house

SCHEMA = schemathesis.openapi.from_dict(document(operations()))
EXAMPLES = 6

# what is answered before it is known which operation is asked for
BESIDE = {404, 405}

# what a path's `{id}` is an id of, by the collection before it
THINGS = {
    "partitions": "partition",
    "gateway-clusters": "gateways",
    "kubernetes-clusters": "cluster",
    "applications": "application",
    "upstreams": "upstream",
    "rules": "rule",
    "changes": "change",
    "users": "user",
    "tokens": "token",
}


def by_tag():
    """The document's operations by tag, in an order in which nothing is deleted before it is asked for."""
    tags = {}
    for each in SCHEMA.get_all_operations():
        operation = each.ok()
        if operation.path != "/events":  # a stream without end
            tags.setdefault(operation.tags[0], []).append(operation)
    return {
        tag: sorted(found, key=lambda operation: operation.method.upper() == "DELETE") for tag, found in tags.items()
    }


OPERATIONS = by_tag()


def generated(operation):
    """Requests for one operation, half valid and half not, always the same ones."""
    cases = []
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @settings(
            max_examples=EXAMPLES // 2,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def collect(case):
            cases.append(case)

        try:
            collect()
        except schemathesis.errors.SchemathesisError:
            assert mode is GenerationMode.NEGATIVE, "every operation has valid requests"
    return cases


def address(case, ids):
    """The path with the generated ids, or, when `ids` are given, with those of things that exist."""

    def fill(match):
        name = match[1]
        return ids.get(name) or str((case.path_parameters or {}).get(name, "x"))

    path = re.sub(r"\{(\w+)\}", fill, case.path).lstrip("/")
    query = urllib.parse.urlencode({name: str(value) for name, value in (case.query or {}).items()})
    return f"{path}?{query}" if query else path


def known(ids, path):
    """The ids of things that exist, by the names that this path has for them."""
    holding = path.partition("/{id}")[0].rpartition("/")[2]
    named = {"application": ids["application"], "version": "1", "namespace": "default"}
    return named | ({"id": ids[THINGS[holding]]} if holding in THINGS else {})


def body_of(case, ids, random):
    """The generated body; references in it become real ones half of the time."""
    body = case.body
    if not isinstance(body, dict):
        return body
    real = {"partition": ids["partition"], "partitions": [ids["partition"]], "ids": [ids["rule"]]}
    return {name: real[name] if name in real and random.random() < 0.5 else value for name, value in body.items()}


def content_of(case, ids, random):
    body = body_of(case, ids, random)
    if not case.media_type or isinstance(body, NotSet):
        return {}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {"content": content, "headers": {"content-type": case.media_type}}


async def furnished(house):
    """A furnished house with a release, a pending change, a user and a token."""
    ids = await house.furnish()
    application = f"applications/{ids['application']}"
    await house.made(f"{application}/releases", {})
    await house.ask("PATCH", f"{application}/rules/{ids['rule']}", {"name": "changed"})
    ids["change"] = (await house.ask("GET", f"{application}/changes")).json()["items"][0]["id"]
    ids["user"] = (await house.made("users", {"name": "ada", "role": "editor", "password": "a-s3cr3t-of-ada"}))["id"]
    ids["token"] = (await house.made("tokens", {"name": "ci"}))["id"]
    return ids


async def check(house, operation, ids, random):
    """Ask everything generated for `operation`; what was answered."""
    declared = {int(status) for status in operation.definition.raw["responses"]}
    answered = set()
    for number, case in enumerate(generated(operation)):
        path = address(case, known(ids, case.path) if number % 2 else {})
        response = await house.ask(operation.method.upper(), path, **content_of(case, ids, random))
        assert response.status_code in declared | BESIDE, (operation.method, path, case.body, response.text)
        if response.status_code < 400:
            operation.validate_response(Response.from_httpx(response, verify=True))
        else:
            assert response.json()["error"]["message"]
        answered.add(response.status_code)
    return answered


@pytest.mark.parametrize("tag", OPERATIONS)
def test_every_request_gets_an_answer_that_the_document_names(tag, tmp_path):
    answered = set()

    async def scenario(house):
        ids = await furnished(house)
        random = Random(tag)
        for operation in OPERATIONS[tag]:
            answered.update(await check(house, operation, ids, random))

    house.run(scenario, tmp_path)
    assert {200, 204} & answered, "some requests were good ones"
    assert {400, 404, 422} & answered, "and some were not"
