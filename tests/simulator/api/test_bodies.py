"""What clients send: fields of the wrong type, unknown and repeated ones, and how each mode of validation takes them."""

from __future__ import annotations

import json

import pytest

from tests.simulator.api.client import Api

MAPS = "/api/v1/namespaces/default/configmaps"
JSON = {"content-type": "application/json"}


async def test_a_warning_keeps_letters_of_every_script_and_no_control_characters() -> None:
    api = Api()
    sent = {"metadata": {"name": "m"}, "ключ": 1, "evil\r\nX-Injected: yes": 1}
    made = await api.call("POST", MAPS, sent)
    assert made.status == 201
    assert [value for key, value in made.headers if key == "warning"] == ['299 - "unknown field \\"ключ\\""']
    assert not made.header("x-injected")


@pytest.mark.parametrize("value", [{"name": "x"}, 5, [7]])
async def test_a_list_of_strings_takes_only_strings(value: object) -> None:
    api = Api()
    requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
    spec = {"signerName": "example.com/x", "request": "YQ==", "usages": ["any"], "extra": {"a": value}}
    refused = await api.call("POST", requests, {"metadata": {"name": "r"}, "spec": spec})
    assert (refused.status, refused.json()["reason"]) == (400, "BadRequest")


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"renewTime": "yesterday"}, 'parsing time "yesterday" as "2006-01-02T15:04:05.000000Z07:00"'),
        ({"leaseDurationSeconds": 10**30}, "cannot unmarshal number into Go struct field"),
    ],
)
async def test_a_value_that_go_could_not_read_is_a_bad_request(spec: dict[str, object], why: str) -> None:
    leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
    refused = await Api().call("POST", leases, {"metadata": {"name": "l"}, "spec": spec})
    assert refused.status == 400
    assert why in refused.json()["message"]


async def test_times_are_written_in_utc() -> None:
    api = Api()
    leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
    spec = {"renewTime": "2026-11-22T10:00:00.5+02:00"}
    made = (await api.call("POST", leases, {"metadata": {"name": "l"}, "spec": spec})).json()
    assert made["spec"]["renewTime"] == "2026-11-22T08:00:00.500000Z"
