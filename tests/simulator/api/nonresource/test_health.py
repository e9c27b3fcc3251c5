"""Health paths and the checks below them, as healthz.go answers."""

from __future__ import annotations

import pytest

from tests.simulator.api.client import Api


@pytest.mark.parametrize(
    "path", ["/healthz", "/livez", "/readyz", "/livez/ping", "/readyz/poststarthook/rbac/bootstrap-roles"]
)
async def test_what_is_well_says_ok(path: str) -> None:
    answer = await Api().call("GET", path)
    assert (answer.status, answer.body) == (200, b"ok")


@pytest.mark.parametrize("path", ["/livez/nothing", "/healthzzz", "/livez/informer-sync"])
async def test_a_check_that_does_not_exist_is_not_found(path: str) -> None:
    assert (await Api().call("GET", path)).status == 404


async def test_verbose_names_every_check_and_what_could_not_be_excluded() -> None:
    answer = await Api().call("GET", "/readyz?verbose&exclude=etcd&exclude=nothing")
    lines = answer.body.decode().splitlines()
    assert lines[:3] == ["[+]ping ok", "[+]log ok", "[+]etcd excluded: ok"]
    assert "[+]poststarthook/rbac/bootstrap-roles ok" in lines
    assert lines[-3:] == [
        "[+]shutdown ok",
        'warn: some health checks cannot be excluded: no matches for "nothing"',
        "readyz check passed",
    ]
