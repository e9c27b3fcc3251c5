"""Recorded answers of a real Kubernetes 1.36, replayed: status, content type, headers and the shape of each body.

The objects that a recording shows as already there are put into the store first; nothing runs behind the API.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from simulator.access.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from simulator.kinds.table import RESOURCES
from simulator.objects.record import Record
from simulator.schema import protobuf
from simulator.store.store import key_of
from tests.simulator.api.client import TOKEN, Api

FOLDER = Path(__file__).parent / "transcripts"
TRANSCRIPTS = sorted(FOLDER.glob("*.json"))
VARYING = {
    "uid", "resourceVersion", "creationTimestamp", "time", "generation", "clusterIP", "clusterIPs", "deletionTimestamp",
    "managedFields", "remainingItemCount", "continue", "lastTransitionTime", "lastUpdateTime",
    "kubectl.kubernetes.io/last-applied-configuration",
}  # fmt: skip
CONTROLLED = {"status"}
READER = {
    "edge-reader": [(["", "discovery.k8s.io"], ["namespaces", "services", "endpoints", "pods", "endpointslices"])]
}


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def put(api: Api, obj: Any) -> None:
    """Store a recorded object as it is."""
    row = RESOURCES.find(obj.get("apiVersion", ""), obj.get("kind", ""))
    if row is None or not obj.get("metadata", {}).get("name"):
        return
    namespace, name = obj["metadata"].get("namespace"), obj["metadata"]["name"]
    if api.store.record(row, namespace, name) is None:
        api.store.create(row, obj)
    key = key_of(row, namespace, name)
    version = int(obj["metadata"].get("resourceVersion", "1"))
    api.store.revision = max(api.store.revision, version)
    api.store._kind(row).put(Record(row, key, obj, version))


def prepare(api: Api, exchange: dict[str, Any]) -> None:
    answer = exchange.get("answer")
    if exchange["method"] == "GET" and exchange["status"] == 200 and isinstance(answer, dict):
        if answer.get("kind", "").endswith("List") and "items" in answer and "apidiscovery" not in answer["apiVersion"]:
            for item in answer["items"]:
                kind = answer["kind"].removesuffix("List")
                if kind == "PartialObjectMetadata":
                    put(api, {"kind": "Pod", "apiVersion": "v1", "metadata": item["metadata"], "spec": {}})
                else:
                    put(api, {**item, "kind": kind, "apiVersion": answer["apiVersion"]})
        else:
            put(api, answer)
    for line in exchange.get("lines", ()):
        if line.get("type") == "ADDED":
            put(api, line["object"])


def reader_token(api: Api) -> str:
    """A token of default/edge-reader, with the rights that the recordings' reader had."""
    accounts = RESOURCES.of("v1", "ServiceAccount")
    account = api.store.get(accounts, "default", "edge-reader") or api.store.create(
        accounts, {"metadata": {"name": "edge-reader", "namespace": "default"}}
    )
    return api.backend.issuer.bound(account, int(api.backend.clock.now().timestamp()), 3600)


def masked(value: Any, drop: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: "…" if key in VARYING else masked(one, drop) for key, one in value.items() if key not in drop}
    if isinstance(value, list):
        return [masked(one, drop) for one in value]
    return value


def shape(value: Any) -> Any:
    """Keys and types; of a list the first element's."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in sorted(value.items())}
    if isinstance(value, list):
        return [shape(one) for one in value[:1]]
    return type(value).__name__


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
async def test_a_recorded_exchange_is_answered_the_same(path: Path) -> None:
    transcript = read(path)
    for exchange in transcript["exchanges"]:
        api = Api()
        await replay(api, exchange, transcript["command"])


async def replay(api: Api, exchange: dict[str, Any], command: str) -> None:
    prepare(api, exchange)
    prerequisites(api, exchange)
    body = exchange.get("body")
    raw = None if body is None else body["text"].encode() if "text" in body else base64.b64decode(body["base64"])
    token: str | None = TOKEN if exchange["authorized"] else None
    if "$READER_TOKEN" in command:
        token = reader_token(api)
        if "after-serviceaccount-deleted" in command or exchange["status"] == 401:
            api.store.delete(RESOURCES.of("v1", "ServiceAccount"), "default", "edge-reader")
    if exchange.get("lines") and exchange["status"] == 200:
        await replay_stream(api, exchange, token)
        return
    reply = await api.call(exchange["method"], exchange["path"], raw, exchange["headers"], token)
    where = f"{exchange['method']} {exchange['path']}: {reply.body[:600]!r}"
    assert reply.status == exchange["status"], where
    assert reply.header("content-type") == exchange["content_type"], where
    for name, value in exchange.get("answer_headers", {}).items():
        assert reply.header(name) == value, where
    compare(exchange, reply.body, where)


def compare(exchange: dict[str, Any], body: bytes, where: str) -> None:
    if "answer_text" in exchange:
        if not exchange["answer_text"].startswith("k8s"):
            assert body.decode() == exchange["answer_text"], where
        else:
            assert protobuf.unwrap(body)[:2] == protobuf.unwrap(exchange["answer_text"].encode())[:2]
        return
    if "answer_base64" in exchange:
        expected = protobuf.unwrap(base64.b64decode(exchange["answer_base64"]))
        assert protobuf.unwrap(body)[:2] == expected[:2], where
        return
    if "answer" not in exchange:
        return
    found, expected = json.loads(body), exchange["answer"]
    if "kind" not in expected:
        assert found == expected, where
        return
    if expected["kind"] == "Status":
        for value in (found, expected):  # counts differ from run to run
            value["message"] = value["message"].partition(", current:")[0] if "message" in value else ""
        assert masked(found, set()) == masked(expected, set()), where
    elif expected["kind"] == "Table":
        described = [{k: v for k, v in c.items() if k != "description"} for c in found["columnDefinitions"]]
        assert described == expected["columnDefinitions"], where
    elif expected["kind"].endswith("List") or expected["kind"].startswith("API"):
        assert shape(masked(found, CONTROLLED)) == shape(masked(expected, CONTROLLED)), where
    else:
        assert masked(found, CONTROLLED) == masked(expected, CONTROLLED), where
        if exchange["method"] in ("POST", "PATCH") and "managedFields" in expected["metadata"]:
            assert owned(found) == owned(expected), where


def owned(obj: Any) -> dict[tuple[str, str], Any]:
    """Who owns which fields, of those that write over the API."""
    entries = obj["metadata"]["managedFields"]
    return {(entry["manager"], entry["operation"]): entry["fieldsV1"] for entry in entries}


def prerequisites(api: Api, exchange: dict[str, Any]) -> None:
    """What was there before an exchange that only changes it."""
    path, method = exchange["path"], exchange["method"]
    answer = exchange.get("answer") or {}
    if method == "PATCH" and answer.get("kind") == "Scale":
        prepare(api, read(FOLDER / "25-scale-up.json")["exchanges"][0])
    elif method == "PATCH" and exchange["status"] == 200:
        for earlier in reversed(before(exchange)):
            if earlier.get("answer", {}).get("kind") == answer["kind"]:
                put(api, earlier["answer"])
                break
    elif method in ("DELETE", "PUT") and exchange["status"] in (200, 409):
        missing = path.partition("?")[0].rsplit("/", 2)
        if missing[1] == "deployments":
            deployment = {**read(FOLDER / "25-scale-up.json")["exchanges"][0]["answer"]}
            deployment["metadata"] = {**deployment["metadata"], "name": missing[2]}
            if missing[2] == "test-hello":
                deployment = read(FOLDER / "80-raw-conflict.json")["exchanges"][0]["answer"]
            put(api, deployment)
    elif "/serviceaccounts/edge-reader/token" in path:
        reader_token(api)
    elif "secrets/edge-reader-token" in path and exchange["status"] == 200:
        put(api, read(FOLDER / "05-describe-token-secret.json")["exchanges"][0]["answer"])
    elif "test-hello" in path and method == "GET" and exchange["status"] == 200 and not answer:
        for name in ("23-describe-service", "24-describe-deployment"):
            put(api, read(FOLDER / f"{name}.json")["exchanges"][0]["answer"])
    if answer.get("kind") == "Table" and "/endpoints/" in path:
        put(api, {"kind": "Endpoints", "apiVersion": "v1", "metadata": {"name": "test-hello", "namespace": "default"}})
    if exchange["status"] == 200 and "pods" in path:
        grant(api)


def grant(api: Api) -> None:
    rules = [
        {"verbs": ["get", "list", "watch"], "apiGroups": groups, "resources": names}
        for groups, names in READER["edge-reader"]
    ]
    if api.store.record(CLUSTER_ROLES, None, "edge-reader") is None:
        api.store.create(CLUSTER_ROLES, {"metadata": {"name": "edge-reader"}, "rules": rules})
        binding = {
            "metadata": {"name": "edge-reader"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edge-reader"},
            "subjects": [{"kind": "ServiceAccount", "name": "edge-reader", "namespace": "default"}],
        }
        api.store.create(CLUSTER_ROLE_BINDINGS, binding)


def before(exchange: dict[str, Any]) -> list[dict[str, Any]]:
    """All exchanges on the same object that were recorded before this one."""
    wanted = exchange["path"].partition("?")[0]
    found = []
    for transcript in TRANSCRIPTS:
        for earlier in read(transcript)["exchanges"]:
            if earlier == exchange:
                return found
            if earlier["path"].partition("?")[0] == wanted:
                found.append(earlier)
    return found


async def replay_stream(api: Api, exchange: dict[str, Any], token: str | None) -> None:
    """The lines that come at once: the current objects and the bookmark behind them, or the error."""
    wanted = exchange["lines"]
    if wanted[0]["type"] == "ERROR":
        api.store.compact()
    reply, task = api.open(exchange["method"], exchange["path"], None, exchange["headers"], token)
    lines = await reply.lines(len(wanted))
    assert reply.status == exchange["status"]
    assert reply.header("content-type") == exchange["content_type"]
    assert [line["type"] for line in lines] == [line["type"] for line in wanted]
    for found, expected in zip(lines, wanted, strict=True):
        if expected["type"] == "ERROR":
            found["object"]["message"] = expected["object"]["message"]
        assert masked(found, CONTROLLED) == masked(expected, CONTROLLED)
    task.cancel()
