"""docs/api.md names everything the API has."""

import re
from pathlib import Path

import pytest

import edge.admin.app
from edge.admin import errors
from edge.admin.api.resources import operations
from edge.admin.middleware.hosts import HostNotAllowed

TEXT = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("place", [f"{each.method} /{each.path}" for each in operations()])
def test_every_route_is_documented(place):
    assert any(f"`{place}{end}" in TEXT for end in ("`", "?"))


@pytest.mark.parametrize("place", ["GET /events", "GET /healthz", "GET /readyz", "GET /metrics"])
def test_what_is_beside_the_table_is_documented(place):
    assert f"`{place}`" in TEXT


def test_every_error_is_documented_with_its_status():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.AdminError)]
    for kind in [*kinds, HostNotAllowed, edge.admin.app.MethodNotAllowed]:
        if kind is not errors.AdminError:
            assert f"| {kind.status} | `{kind.code}` |" in TEXT


def test_no_route_is_documented_that_is_not_there():
    named = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`?]*)`", TEXT))
    there = {f"{each.method} /{each.path}" for each in operations()}
    assert named - there == {"GET /events", "GET /healthz", "GET /readyz", "GET /metrics"}
