"""Requests that schemathesis makes from the served OpenAPI documents: whatever they hold, no answer is a failure."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.simulator.api.client import Api, Reply
from tests.simulator.extensions.widgets import DEFINITIONS, definition

GROUPS = (
    "api/v1", "apis/apps/v1", "apis/discovery.k8s.io/v1", "apis/rbac.authorization.k8s.io/v1",
    "apis/networking.k8s.io/v1", "apis/coordination.k8s.io/v1", "apis/apiextensions.k8s.io/v1",
    "apis/authorization.k8s.io/v1", "apis/authentication.k8s.io/v1", "apis/events.k8s.io/v1",
    "apis/shop.example.com/v1",
)  # fmt: skip
EXAMPLES = 3
CALM = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)


async def _served() -> Api:
    api = Api()
    await api.call("POST", DEFINITIONS, definition())
    return api


async def _send(api: Api, path: str, case: Any) -> Reply:
    query = {name: one if isinstance(one, str) else json.dumps(one) for name, one in (case.query or {}).items()}
    path = quote(path, safe="/%") + (f"?{urlencode(query)}" if query else "")
    headers = {"content-type": case.media_type} if case.media_type else {}
    body = None if case.body.__class__.__name__ == "NotSet" else json.dumps(case.body).encode()
    return await asyncio.wait_for(api.call(case.method.upper(), path, body, headers), 10)


def _try(api: Api, runner: asyncio.Runner, operation: Any) -> int:
    """Send what schemathesis makes for one operation; how many answers came."""
    place = operation.path.replace("{namespace}", "default").replace("{name}", "thing")
    answered = 0

    @seed(1)
    @CALM
    @given(case=operation.as_strategy())
    def no_failure(case: Any) -> None:
        nonlocal answered
        for path in (place, case.formatted_path):
            reply = runner.run(_send(api, path, case))
            assert reply.status < 500, (case.method, path, reply.body)
            answered += 1

    no_failure()
    return answered


@pytest.mark.parametrize("group", GROUPS)
def test_no_generated_request_is_a_failure(group: str) -> None:
    with asyncio.Runner() as runner:
        api = runner.run(_served())
        document = runner.run(api.call("GET", f"/openapi/v3/{group}")).json()
        operations = list(schemathesis.openapi.from_dict(document).get_all_operations())
        assert operations
        for found in operations:
            assert _try(api, runner, found.ok()) >= 2  # type: ignore[union-attr]  # the documents are valid
