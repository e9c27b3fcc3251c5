"""What clients send: fields of the wrong type, unknown and repeated ones, and how field validation takes them."""

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


async def test_a_repeated_field_is_refused_warned_of_or_ignored() -> None:
    api = Api()
    body = b'{"metadata":{"name":"%b"},"data":{"a":"1","a":"2"},"data":{"b":"1","b":"2"}}'
    strict = await api.call("POST", f"{MAPS}?fieldValidation=Strict", body % b"x", JSON)
    assert (strict.status, strict.json()["message"]) == (
        400,
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: '
        'duplicate field "data", duplicate field "data.b"',
    )
    warned = await api.call("POST", MAPS, body % b"x", JSON)
    assert warned.json()["data"] == {"b": "2"}
    said = [value for key, value in warned.headers if key == "warning"]
    assert said == ['299 - "duplicate field \\"data\\""', '299 - "duplicate field \\"data.b\\""']
    ignored = await api.call("POST", f"{MAPS}?fieldValidation=Ignore", body % b"y", JSON)
    assert (ignored.status, ignored.header("warning")) == (201, "")


async def test_options_that_make_no_sense_are_named_by_their_kind() -> None:
    api = Api()
    refused = await api.call("POST", f"{MAPS}?dryRun=Some", json.dumps({"metadata": {"name": "x"}}).encode(), JSON)
    assert refused.json()["message"].startswith('CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value')
    mode = await api.call("POST", f"{MAPS}?fieldValidation=Loud", {"metadata": {"name": "x"}})
    assert mode.status == 422


async def test_a_dry_run_writes_nothing_and_answers_as_if_it_had() -> None:
    api = Api()
    made = await api.call("POST", f"{MAPS}?dryRun=All", {"metadata": {"name": "x"}})
    assert (made.status, made.json()["metadata"]["name"]) == (201, "x")
    assert (await api.call("GET", f"{MAPS}/x")).status == 404
    await api.call("POST", MAPS, {"metadata": {"name": "x"}})
    before = api.store.revision
    merge = {"content-type": "application/merge-patch+json"}
    patched = await api.call("PATCH", f"{MAPS}/x?dryRun=All", {"data": {"a": "1"}}, merge)
    assert patched.json()["data"] == {"a": "1"}
    assert (await api.call("DELETE", f"{MAPS}/x?dryRun=All")).status == 200
    assert (await api.call("DELETE", f"{MAPS}?dryRun=All")).status == 200
    assert api.store.revision == before


async def test_an_apply_to_another_name_is_refused() -> None:
    sent = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}}
    apply = {"content-type": "application/apply-patch+yaml"}
    refused = await Api().call("PATCH", f"{MAPS}/x?fieldManager=me", sent, apply)
    assert (refused.status, refused.json()["message"]) == (
        400, "the name of the object (other) does not match the name on the URL (x)",
    )  # fmt: skip


async def test_a_manager_is_short_and_force_is_for_apply_alone() -> None:
    api = Api()
    long = await api.call("POST", f"{MAPS}?fieldManager={'x' * 129}", {"metadata": {"name": "x"}})
    assert long.json()["message"] == (
        'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes'
    )
    merge = {"content-type": "application/merge-patch+json"}
    forced = await api.call("PATCH", f"{MAPS}/x?force=true", {"data": {}}, merge)
    assert forced.json()["message"] == (
        'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch'
    )


NO_MAP = "json: cannot unmarshal array into Go value of type map[string]interface {}"
NO_KIND = "couldn't get version/kind; json parse error:"


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        ("json", b"", f"{NO_KIND} unexpected end of JSON input (<empty>)"),
        ("json", b'{"metadata":', f'{NO_KIND} unexpected end of JSON input ({{"metadata":)'),
        ("json", b"kind: Pod", f"{NO_KIND} invalid character 'k' looking for beginning of value (6b696e643a20506f64)"),
        (
            "yaml",
            b"kind: [}",
            "error converting YAML to JSON: yaml: did not find expected node content (6b696e643a205b7d)",
        ),
        (
            "yaml",
            b"a: b\nc: [\n",
            "error converting YAML to JSON: yaml: line 2: did not find expected node content (613a20620a633a205b0a)",
        ),
    ],
)
async def test_a_body_that_cannot_be_read_is_described_as_go_does(kind: str, body: bytes, says: str) -> None:
    refused = await Api().call("POST", MAPS, body, {"content-type": f"application/{kind}"})
    assert (refused.status, refused.json()["message"]) == (
        400,
        f"the object provided is unrecognized (must be of type ConfigMap): {says}",
    )


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        ("merge-patch+json", b"{", "error decoding patch: unexpected end of JSON input"),
        (
            "merge-patch+json",
            b"[1]",
            f"error decoding patch: {NO_MAP}",
        ),
        ("strategic-merge-patch+json", b"{a", "invalid character 'a' looking for beginning of object key string"),
        ("json-patch+json", b"[}", "invalid character '}' looking for beginning of value"),
        (
            "apply-patch+yaml",
            b"a: [}",
            "error decoding YAML: error converting YAML to JSON: yaml: did not find expected node content",
        ),
        (
            "apply-patch+yaml",
            b"[1]",
            f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {NO_MAP}",
        ),
        (
            "apply-patch+yaml",
            b"",
            "Incorrect version specified in apply patch. Specified patch version: , expected: v1",
        ),
    ],
)
async def test_a_patch_that_cannot_be_read_is_described_as_go_does(kind: str, body: bytes, says: str) -> None:
    api = Api()
    await api.call("POST", MAPS, {"metadata": {"name": "m"}})
    refused = await api.call("PATCH", f"{MAPS}/m?fieldManager=x", body, {"content-type": f"application/{kind}"})
    assert (refused.status, refused.json()["message"]) == (400, says)


async def test_letters_that_are_no_utf_8_are_replaced_and_not_refused() -> None:
    made = await Api().call("POST", MAPS, b'{"metadata":{"name":"m"},"data":{"a":"\xff"}}', JSON)
    assert (made.status, made.json()["data"]) == (201, {"a": "\ufffd"})


async def test_data_that_is_no_base64_is_refused_in_go_s_words() -> None:
    secrets = "/api/v1/namespaces/default/secrets"
    refused = await Api().call("POST", secrets, {"metadata": {"name": "s"}, "data": {"password": "hunter2!"}})
    assert (refused.status, refused.json()["message"]) == (
        400,
        'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 7',
    )
    made = await Api().call("POST", secrets, {"metadata": {"name": "s"}, "data": {"password": "aHVudGVy\nMg==\n"}})
    assert (made.status, made.json()["data"]) == (201, {"password": "aHVudGVyMg=="})
