"""Fields that are unknown or given twice, in the words and the order of Kubernetes' field_validation_test.go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.simulator.api.client import Api
from tests.simulator.extensions.widgets import WIDGETS, shop

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
TEXT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: other
  name: web
  unknownMeta: a
  labels: {app: web}
spec:
  unknown1: a
  unknownDupe: a
  unknownDupe: b
  paused: true
  paused: false
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: web:1
        unknownNested: a
        imagePullPolicy: Always
        imagePullPolicy: Never
"""
BODY = """{"apiVersion": "apps/v1", "kind": "Deployment",
"metadata": {"name": "other", "name": "web", "unknownMeta": "a", "labels": {"app": "web"}},
"spec": {"unknown1": "a", "unknownDupe": "a", "unknownDupe": "b", "paused": true, "paused": false,
"selector": {"matchLabels": {"app": "web"}},
"template": {"metadata": {"labels": {"app": "web"}},
"spec": {"containers": [{"name": "web", "image": "web:1", "unknownNested": "a",
"imagePullPolicy": "Always", "imagePullPolicy": "Never"}]}}}}"""
IN_JSON = [
    'duplicate field "metadata.name"',
    'unknown field "metadata.unknownMeta"',
    'unknown field "spec.unknown1"',
    'unknown field "spec.unknownDupe"',
    'duplicate field "spec.paused"',
    'unknown field "spec.template.spec.containers[0].unknownNested"',
    'duplicate field "spec.template.spec.containers[0].imagePullPolicy"',
]
LINES = [
    'line 5: key "name" already set in map',
    'line 11: key "unknownDupe" already set in map',
    'line 13: key "paused" already set in map',
    'line 23: key "imagePullPolicy" already set in map',
]
IN_YAML = [
    'unknown field "metadata.unknownMeta"',
    'unknown field "spec.template.spec.containers[0].unknownNested"',
    'unknown field "spec.unknown1"',
    'unknown field "spec.unknownDupe"',
]
STRICT_YAML = ", ".join(["yaml: unmarshal errors:" + "".join(f"\n  {line}" for line in LINES), *IN_YAML])


def warned(answer: Any) -> list[str]:
    given = [text for name, text in answer.headers if name == "warning"]
    return [text.removeprefix('299 - "').removesuffix('"').replace('\\"', '"') for text in given]


@pytest.mark.parametrize(
    ("text", "kind", "strict", "warnings"),
    [(BODY, "json", ", ".join(IN_JSON), IN_JSON), (TEXT, "yaml", STRICT_YAML, [*LINES, *IN_YAML])],
)
async def test_a_body_is_refused_warned_of_or_taken(text: str, kind: str, strict: str, warnings: list[str]) -> None:
    api = Api()
    headers = {"content-type": f"application/{kind}"}
    refused = await api.call("POST", f"{DEPLOYMENTS}?fieldValidation=Strict", text.encode(), headers)
    assert (refused.status, refused.json()["reason"]) == (400, "BadRequest")
    assert refused.json()["message"].endswith(f"as a Deployment: strict decoding error: {strict}")
    silent = await api.call("POST", f"{DEPLOYMENTS}?fieldValidation=Ignore&dryRun=All", text.encode(), headers)
    assert (silent.status, warned(silent)) == (201, [])
    made = await api.call("POST", DEPLOYMENTS, text.encode(), headers)
    assert (made.status, made.json()["metadata"]["name"], made.json()["spec"].get("paused")) == (201, "web", None)
    assert warned(made) == warnings


async def test_a_patch_says_first_what_came_twice() -> None:
    api = Api()
    await api.call("POST", f"{DEPLOYMENTS}?fieldValidation=Ignore", BODY.encode(), {"content-type": "application/json"})
    patch = b'{"spec":{"unknown1":"a","unknownDupe":"a","unknownDupe":"b","paused":false,"paused":true}}'
    said = [
        'duplicate field "spec.unknownDupe"',
        'duplicate field "spec.paused"',
        'unknown field "spec.unknown1"',
        'unknown field "spec.unknownDupe"',
    ]
    for kind in ("merge-patch+json", "strategic-merge-patch+json"):
        headers = {"content-type": f"application/{kind}"}
        refused = await api.call("PATCH", f"{DEPLOYMENTS}/web?fieldValidation=Strict", patch, headers)
        assert refused.json()["message"].endswith(f"strict decoding error: {', '.join(said)}")
        done = await api.call("PATCH", f"{DEPLOYMENTS}/web", patch, headers)
        assert (done.status, warned(done)) == (200, said)


async def test_an_apply_names_the_lines_of_what_came_twice() -> None:
    api = Api()
    text = "".join(line for line in TEXT.splitlines(keepends=True) if "unknown" not in line)
    lines = ['line 5: key "name"', 'line 9: key "paused"', 'line 18: key "imagePullPolicy"']
    said = [f"{line} already set in map" for line in lines]
    headers = {"content-type": "application/apply-patch+yaml"}
    path = f"{DEPLOYMENTS}/web?fieldManager=m"
    refused = await api.call("PATCH", f"{path}&fieldValidation=Strict", text.encode(), headers)
    why = "".join(f"\n  {one}" for one in said)
    assert (refused.status, refused.json()["message"]) == (
        400, f"error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:{why}",
    )  # fmt: skip
    made = await api.call("PATCH", path, text.encode(), headers)
    assert (made.status, warned(made)) == (201, said)
    single = json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {}})
    doubled = single[:-1] + ',\n"spec": {}}'
    refused = await api.call("PATCH", f"{path}&fieldValidation=Strict", doubled.encode(), headers)
    assert refused.json()["message"].endswith('\n  line 2: key "spec" already set in map')


async def test_a_custom_resource_says_first_what_came_twice() -> None:
    api = await shop()
    body = (
        b'{"apiVersion":"shop.example.com/v1","kind":"Widget","metadata":{"name":"a","name":"w","other":1},'
        b'"spec":{"zoo":1,"zoo":2,"color":"red","color":"blue"}}'
    )
    said = [
        'duplicate field "metadata.name"',
        'duplicate field "spec.zoo"',
        'duplicate field "spec.color"',
        'unknown field "metadata.other"',
        'unknown field "spec.zoo"',
    ]
    json_body = {"content-type": "application/json"}
    refused = await api.call("POST", f"{WIDGETS}?fieldValidation=Strict", body, json_body)
    assert refused.json()["message"].endswith(f"strict decoding error: {', '.join(said)}")
    assert warned(await api.call("POST", WIDGETS, body, json_body)) == said
