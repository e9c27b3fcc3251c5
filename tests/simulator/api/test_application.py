"""Requests as a dialogue: lists and their pages, watches, writes, patches, faults, and what malformed input gets."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
from typing import Any

import pytest

from simulator.kinds.table import RESOURCES
from tests.simulator.api.client import Api

MAPS = "/api/v1/namespaces/default/configmaps"
ROW = RESOURCES.of("v1", "ConfigMap")


def a_map(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": data or {"a": "1"}}


async def filled(count: int) -> Api:
    api = Api()
    for number in range(count):
        api.store.create(ROW, {"metadata": {"name": f"m{number:04}", "namespace": "default"}, "data": {"x": "y" * 50}})
    return api


# lists


async def test_pages_have_one_version_and_say_how_many_are_left() -> None:
    api = await filled(25)
    names, path, versions, left = [], f"{MAPS}?limit=10", [], []
    while path:
        page = (await api.call("GET", path)).json()
        names += [item["metadata"]["name"] for item in page["items"]]
        versions.append(page["metadata"]["resourceVersion"])
        left.append(page["metadata"].get("remainingItemCount"))
        token = page["metadata"].get("continue")
        path = f"{MAPS}?limit=10&continue={token}" if token else ""
        await api.call("POST", MAPS, a_map(f"m0000-{len(versions)}"))
    assert names == [f"m{number:04}" for number in range(25)]
    assert len(set(versions)) == 1
    assert left == [15, 5, None]


async def test_a_continue_token_older_than_the_history_is_410_with_a_way_on() -> None:
    api = await filled(5)
    token = (await api.call("GET", f"{MAPS}?limit=2")).json()["metadata"]["continue"]
    await api.call("POST", MAPS, a_map("n"))
    api.store.compact()
    expired = await api.call("GET", f"{MAPS}?limit=2&continue={token}")
    assert (expired.status, expired.json()["reason"]) == (410, "Expired")
    further = expired.json()["metadata"]["continue"]
    rest = (await api.call("GET", f"{MAPS}?continue={further}")).json()
    assert [item["metadata"]["name"] for item in rest["items"]] == ["m0002", "m0003", "m0004", "n"]


async def test_an_exact_old_version_shows_the_past_and_a_future_one_is_504() -> None:
    api = await filled(1)
    then = api.store.revision
    await api.call("POST", MAPS, a_map("later"))
    past = (await api.call("GET", f"{MAPS}?resourceVersion={then}&resourceVersionMatch=Exact")).json()
    assert [item["metadata"]["name"] for item in past["items"]] == ["m0000"]
    future = await api.call("GET", f"{MAPS}?resourceVersion=99999")
    assert (future.status, future.header("retry-after")) == (504, "1")


async def test_a_large_list_is_compressed_when_asked_and_not_else() -> None:
    api = await filled(1500)
    plain = await api.call("GET", MAPS)
    packed = await api.call("GET", MAPS, headers={"accept-encoding": "gzip"})
    assert packed.header("content-encoding") == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert not plain.header("content-encoding")


async def test_items_carry_no_kind_and_yaml_and_pretty_are_to_be_had() -> None:
    api = await filled(1)
    listed = (await api.call("GET", MAPS)).json()
    assert listed["kind"] == "ConfigMapList"
    assert "kind" not in listed["items"][0]
    as_yaml = await api.call("GET", f"{MAPS}/m0000", headers={"accept": "application/yaml"})
    assert as_yaml.header("content-type") == "application/yaml"
    assert b"kind: ConfigMap\n" in as_yaml.body
    pretty = await api.call("GET", f"{MAPS}/m0000?pretty=true")
    assert pretty.body.startswith(b'{\n  "kind": "ConfigMap"')


async def test_a_form_that_cannot_be_made_is_406() -> None:
    api = await filled(1)
    assert (await api.call("GET", MAPS, headers={"accept": "text/html"})).status == 406


# watches


async def test_a_watch_goes_on_where_a_list_ended_and_sends_each_event_at_once() -> None:
    api = await filled(1)
    version = (await api.call("GET", MAPS)).json()["metadata"]["resourceVersion"]
    reply, task = api.open("GET", f"{MAPS}?watch=true&resourceVersion={version}")
    await api.call("POST", MAPS, a_map("new"))
    await api.call("DELETE", f"{MAPS}/m0000")
    lines = await reply.lines(2)
    assert [(line["type"], line["object"]["metadata"]["name"]) for line in lines] == [
        ("ADDED", "new"), ("DELETED", "m0000"),
    ]  # fmt: skip
    task.cancel()


async def test_timeout_seconds_ends_a_watch_cleanly() -> None:
    api = await filled(1)
    reply = await asyncio.wait_for(api.call("GET", f"{MAPS}?watch=true&timeoutSeconds=1"), 5)
    assert reply.status == 200
    assert [json.loads(line)["type"] for line in reply.body.splitlines()] == ["ADDED"]
    assert api.application.open_streams == 0


async def test_a_watch_in_table_form_names_its_columns_once() -> None:
    api = await filled(2)
    accept = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    reply, task = api.open("GET", f"{MAPS}?watch=true", headers=accept)
    first, second = await reply.lines(2)
    assert [column["name"] for column in first["object"]["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert not second["object"]["columnDefinitions"]
    assert second["object"]["rows"][0]["cells"][:2] == ["m0001", 1]
    task.cancel()


async def test_an_open_watch_outlives_its_rights() -> None:
    api = await filled(1)
    account = api.store.create(
        RESOURCES.of("v1", "ServiceAccount"), {"metadata": {"name": "r", "namespace": "default"}}
    )
    binding = {
        "metadata": {"name": "r"},
        "roleRef": {"kind": "ClusterRole", "name": "view", "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": [{"kind": "ServiceAccount", "name": "r", "namespace": "default"}],
    }
    bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
    assert (await api.call("POST", bindings, binding)).status == 201
    token = api.backend.issuer.bound(account, int(api.backend.clock.now().timestamp()), 600)
    reply, task = api.open("GET", f"{MAPS}?watch=true", token=token)
    assert [line["type"] for line in await reply.lines(1)] == ["ADDED"]
    await api.call("DELETE", f"{bindings}/r")
    assert (await api.call("GET", MAPS, token=token)).status == 403
    await api.call("POST", MAPS, a_map("new"))
    assert [line["type"] for line in await reply.lines(1)] == ["ADDED"]
    task.cancel()


# writes


async def test_server_side_apply_takes_back_what_is_no_longer_wanted_and_names_conflicts() -> None:
    api = Api()
    path, apply = f"{MAPS}/a", {"content-type": "application/apply-patch+yaml"}
    wanted = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1", "y": "2"}}
    assert (await api.call("PATCH", f"{path}?fieldManager=one", wanted, apply)).status == 201
    other = {**wanted, "data": {"x": "5"}}
    refused = await api.call("PATCH", f"{path}?fieldManager=two", other, apply)
    assert (refused.status, refused.json()["details"]["causes"][0]["field"]) == (409, ".data.x")
    assert refused.json()["message"] == 'Apply failed with 1 conflict: conflict with "one": .data.x'
    assert (await api.call("PATCH", f"{path}?fieldManager=two&force=true", other, apply)).status == 200
    less = {**wanted, "data": {}}
    left = (await api.call("PATCH", f"{path}?fieldManager=one", less, apply)).json()
    assert left["data"] == {"x": "5"}


async def test_the_three_patches_and_their_refusal() -> None:
    api = Api()
    await api.call("POST", MAPS, a_map("a", x="1", y="2"))
    merge = {"content-type": "application/merge-patch+json"}
    merged = await api.call("PATCH", f"{MAPS}/a", {"data": {"x": None, "z": "3"}}, merge)
    assert merged.json()["data"] == {"y": "2", "z": "3"}
    operations = [{"op": "test", "path": "/data/y", "value": "2"}, {"op": "remove", "path": "/data/y"}]
    as_json = {"content-type": "application/json-patch+json"}
    assert (await api.call("PATCH", f"{MAPS}/a", operations, as_json)).json()["data"] == {"z": "3"}
    assert (await api.call("PATCH", f"{MAPS}/a", operations, as_json)).status == 422
    assert (await api.call("PATCH", f"{MAPS}/a", {}, {"content-type": "application/json"})).status == 415


async def test_unknown_fields_are_refused_warned_of_or_ignored() -> None:
    api = Api()
    body = {**a_map("a"), "colour": "red"}
    strict = await api.call("POST", f"{MAPS}?fieldValidation=Strict&dryRun=All", body)
    assert (strict.status, strict.json()["message"]) == (
        400,
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "colour"',
    )
    warned = await api.call("POST", f"{MAPS}?dryRun=All", body)
    assert (warned.status, warned.header("warning")) == (201, '299 - "unknown field \\"colour\\""')
    ignored = await api.call("POST", f"{MAPS}?dryRun=All&fieldValidation=Ignore", body)
    assert (ignored.status, ignored.header("warning")) == (201, "")
    assert api.store.count(ROW) == 0


async def test_slices_with_loopback_addresses_are_taken_and_link_local_ones_are_not() -> None:
    api = Api()
    path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    good = {"metadata": {"name": "a"}, "addressType": "IPv4", "endpoints": [{"addresses": ["127.1.2.3"]}], "ports": []}
    assert (await api.call("POST", path, good)).status == 201
    bad = {**good, "metadata": {"name": "b"}, "endpoints": [{"addresses": ["169.254.1.1"]}]}
    assert (await api.call("POST", path, bad)).status == 422


async def test_a_namespace_that_is_not_there_or_ends_takes_nothing() -> None:
    api = Api()
    missing = await api.call("POST", "/api/v1/namespaces/nowhere/configmaps", a_map("a"))
    assert (missing.status, missing.json()["message"]) == (404, 'namespaces "nowhere" not found')
    await api.call("POST", "/api/v1/namespaces", {"metadata": {"name": "ending"}})
    await api.call("DELETE", "/api/v1/namespaces/ending")
    refused = await api.call("POST", "/api/v1/namespaces/ending/configmaps", a_map("a"))
    assert (refused.status, refused.json()["details"]["causes"][0]["reason"]) == (403, "NamespaceTerminating")


async def test_a_collection_is_deleted_by_selector() -> None:
    api = await filled(3)
    await api.call("POST", MAPS, {"metadata": {"name": "kept", "labels": {"keep": "yes"}}})
    assert (await api.call("DELETE", f"{MAPS}?labelSelector=!keep")).status == 200
    assert [record.name for record in api.store.records(ROW)] == ["kept"]


# who may


async def test_impersonation_needs_the_right_and_then_has_only_the_others() -> None:
    api = await filled(1)
    acting = {"impersonate-user": "system:serviceaccount:default:x"}
    refused = await api.call("GET", MAPS, headers=acting)
    assert 'User "system:serviceaccount:default:x" cannot list resource "configmaps"' in refused.json()["message"]
    account = api.store.create(
        RESOURCES.of("v1", "ServiceAccount"), {"metadata": {"name": "x", "namespace": "default"}}
    )
    token = api.backend.issuer.bound(account, int(api.backend.clock.now().timestamp()), 600)
    nobody = await api.call("GET", MAPS, headers={"impersonate-user": "admin"}, token=token)
    assert nobody.json()["message"] == (
        'users "admin" is forbidden: User "system:serviceaccount:default:x" cannot impersonate resource "users" '
        'in API group "" at the cluster scope'
    )


async def test_the_log_of_requests_says_who_asked_what_and_never_the_token() -> None:
    api = await filled(1)
    await api.call("GET", f"{MAPS}/m0000")
    entry = api.application.requests.list()[-1]
    assert (entry["user"], entry["verb"], entry["resource"], entry["name"], entry["status"]) == (
        "admin", "get", "configmaps", "m0000", 200,
    )  # fmt: skip
    assert "the-administrator" not in json.dumps(api.application.requests.list())


# faults


async def test_a_status_fault_acts_as_often_as_it_says_on_whom_it_says() -> None:
    api = await filled(1)
    api.application.faults.add(
        {
            "match": {"verb": "list", "resource": "configmaps"},
            "times": 2,
            "fault": {"type": "status", "code": 429, "retry_after": 3},
        }
    )
    assert (await api.call("GET", f"{MAPS}/m0000")).status == 200
    first = await api.call("GET", MAPS)
    assert (first.status, first.json()["reason"], first.header("retry-after")) == (429, "TooManyRequests", "3")
    assert (await api.call("GET", MAPS)).status == 429
    assert (await api.call("GET", MAPS)).status == 200


@pytest.mark.parametrize(
    "wanted",
    [
        {}, {"fault": {"type": "status"}}, {"fault": {"type": "nothing"}}, {"fault": {"type": "cut"}, "tiems": 1},
        {"fault": {"type": "cut"}, "times": 0}, {"fault": {"type": "cut"}, "times": 1, "share": 0.5}, [], None,
    ],
)  # fmt: skip
def test_a_fault_that_makes_no_sense_is_refused_with_a_reason(wanted: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        Api().application.faults.add(wanted)


async def test_faults_reach_watches_that_are_open() -> None:
    api = await filled(1)
    reply, task = api.open("GET", f"{MAPS}?watch=true")
    await reply.lines(1)
    api.application.faults.add({"match": {"verb": "watch"}, "times": 1, "fault": {"type": "end"}})
    await asyncio.wait_for(task, 5)
    reply, task = api.open("GET", f"{MAPS}?watch=true")
    await reply.lines(1)
    api.application.faults.add({"match": {"verb": "watch"}, "times": 1, "fault": {"type": "cut"}})
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(task, 5)
    assert not reply.body.endswith(b"\n")


async def test_events_are_dropped_and_doubled_on_request() -> None:
    api = await filled(0)
    reply, task = api.open("GET", f"{MAPS}?watch=true")
    await asyncio.sleep(0)
    for kind in ("drop-event", "duplicate-event"):
        api.application.faults.add({"match": {"verb": "watch"}, "times": 1, "fault": {"type": kind}})
    for name in ("a", "b", "c"):
        await api.call("POST", MAPS, a_map(name))
    assert [line["object"]["metadata"]["name"] for line in await reply.lines(3)] == ["b", "b", "c"]
    task.cancel()


async def test_forced_expiry_and_wrong_lists() -> None:
    api = await filled(3)
    faults = api.application.faults
    faults.add({"times": 1, "fault": {"type": "expired"}})
    assert (await api.call("GET", MAPS)).status == 410
    faults.add({"times": 1, "fault": {"type": "empty-list"}})
    assert (await api.call("GET", MAPS)).json()["items"] == []
    faults.add({"times": 1, "fault": {"type": "stale-list", "behind": 1}})
    assert len((await api.call("GET", MAPS)).json()["items"]) == 2
    faults.add({"times": 1, "fault": {"type": "expired"}})
    line = (await api.call("GET", f"{MAPS}?watch=true")).json()
    assert (line["type"], line["object"]["code"]) == ("ERROR", 410)


# malformed


PATHS = (
    MAPS, f"{MAPS}/a", "/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods/x/log",
    "/apis/apps/v1/namespaces/default/deployments/d/scale", "/apis/apps/v1/namespaces/default/deployments",
    "/api/v1/namespaces/default/services", "/api/v1/namespaces", "/api/v1/nodes/n/status",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "/apis/authentication.k8s.io/v1/tokenreviews",
    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "/api/v1/namespaces/default/serviceaccounts/a/token",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", "/apis/batch/v1/namespaces/default/jobs",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "/api/v1/namespaces/default/pods/x/exec",
    "/", "/api", "/apis/x", "/openapi/v3/apis/nothing", "/api/v1/namespaces//pods", "/%ff/%00", "/api/v1/events",
    "/api/v1/namespaces/default/secrets", "/api/v1/namespaces/default/pods/x/eviction", "/apis/apps", "//",
)  # fmt: skip
BODIES: tuple[Any, ...] = (
    b"", b"{", b"null", b"[]", b"1", b'"x"', b"\xff\xfe", b"k8s\x00", b"k8s\x00\n\xff\xff\xff\xff\x0f", b"{}" * 3,
    b"[" * 5000, b'{"metadata":' * 2000, {}, {"metadata": None}, {"metadata": []}, {"metadata": {"name": 5}},
    {"metadata": {"name": "a", "labels": []}}, {"metadata": {"name": "a", "labels": {"x": 1}}},
    {"metadata": {"name": "a", "ownerReferences": [None]}}, {"metadata": {"name": "a"}, "spec": 5},
    {"metadata": {"name": "a"}, "spec": None}, {"metadata": {"name": "a"}, "spec": {"replicas": "x", "ports": {}}},
    {"metadata": {"name": "a"}, "spec": {"ports": [None, 1], "containers": [None]}}, {"kind": "Pod", "apiVersion": 3},
    {"metadata": {"name": "A/../b"}}, {"metadata": {"generateName": "x" * 300}}, {"spec": {"template": []}},
    {"metadata": {"name": "a", "managedFields": [None, {"manager": 1}]}}, {"data": {"a": None}}, {"data": {"a": "é"}},
    {"metadata": {"name": "a", "managedFields": [{"manager": "m", "fieldsV1": {"f:x": 1, "k:{": {}}}]}, "rules": [1]},
    [{"op": "add", "path": "/metadata/name"}], [{"op": "replace", "path": "/x/y", "value": 1}], [None],
    [{"op": "copy", "from": "/nope", "path": "/a"}], [{"op": "add", "path": "/metadata", "value": 5}],
    {"spec": {"template": {"spec": {"containers": [{"$patch": "delete", "x": 1}]}}}}, {"$patch": "nonsense"},
    {"addressType": "IPv4", "metadata": {"name": "a"}, "endpoints": [{"addresses": ["x"]}]}, {"rules": [{}]},
    {"subjects": [{}], "roleRef": {}, "metadata": {"name": "a"}}, {"spec": {"token": "x", "resourceAttributes": {}}},
    {"metadata": {"name": "a", "creationTimestamp": "yesterday", "deletionTimestamp": 5}},
    {"metadata": {"name": "a"}, "spec": {"clusterIP": "nonsense", "ports": [{"port": 80}], "type": "NodePort"}},
)  # fmt: skip
QUERIES = (
    "", "?watch=true&timeoutSeconds=x", "?limit=-1", "?limit=x", "?continue=%00", "?continue=e30", "?resourceVersion=x",
    "?fieldSelector=%3D", "?labelSelector=%28", "?dryRun=Some", "?fieldValidation=Never", "?pretty=x",
    "?force=1&fieldManager=m",
    "?gracePeriodSeconds=x", "?propagationPolicy=None", "?resourceVersionMatch=Exact&resourceVersion=0",
    "?a=%ff&a=;;&&=",
    "?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6OTk5OTk5LCJzdGFydCI6Ii9hIn0",
    "?resourceVersion=99999999999999999999999",
)  # fmt: skip
TYPES = (
    "application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "text/plain", "", "é;;=",
    "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)  # fmt: skip
ACCEPTS = (
    "", "*/*", "application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "text/html", ";;;,q=x",
    "application/json;as=Table;g=meta.k8s.io;v=v1", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
async def test_malformed_requests_get_a_status_and_never_a_500(seed: int) -> None:
    chance, api = random.Random(seed), await filled(2)
    await api.call("POST", MAPS, a_map("a"))
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    await api.call("POST", PATHS[5], {"metadata": {"name": "d"}, "spec": spec})
    for _ in range(350):
        method = chance.choice(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"))
        path = chance.choice(PATHS) + chance.choice(QUERIES)
        body = chance.choice(BODIES)
        headers = {"content-type": chance.choice(TYPES), "accept": chance.choice(ACCEPTS)}
        if "watch=true" in path:
            path += "1"
        reply = await asyncio.wait_for(api.call(method, path, body, headers), 5)
        said = f"{method} {path} {headers} {body!r:.200}: {reply.status} {reply.body!r:.300}"
        assert reply.status < 500 or reply.status == 504 or b"does not proxy" in reply.body, said
        if reply.status >= 400 and method != "HEAD" and reply.header("content-type") == "application/json":
            assert reply.json()["kind"] == "Status", said
