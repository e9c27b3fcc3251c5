"""Custom resources: established, discovered, stored, watched, shown in tables, and gone with their definition."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.cluster import manifests
from tests.simulator.api.client import Api
from tests.simulator.extensions.widgets import DEFINITIONS, NAME, WIDGETS, definition, shop, widget

TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
MERGE = {"content-type": "application/merge-patch+json"}


def conditions(obj: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["type"]: (one["status"], one["reason"]) for one in obj["status"]["conditions"]}


async def test_a_definition_is_accepted_established_and_discovered() -> None:
    api = await shop()
    found = (await api.call("GET", f"{DEFINITIONS}/{NAME}")).json()
    assert conditions(found) == {
        "NamesAccepted": ("True", "NoConflicts"), "Established": ("True", "InitialNamesAccepted"),
    }  # fmt: skip
    assert found["status"]["acceptedNames"]["listKind"] == "WidgetList"
    assert found["status"]["storedVersions"] == ["v1"]
    assert found["spec"]["conversion"] == {"strategy": "None"}
    group = (await api.call("GET", "/apis/shop.example.com")).json()
    assert [one["version"] for one in group["versions"]] == ["v1", "v1beta1"]
    listed = (await api.call("GET", "/apis/shop.example.com/v1")).json()["resources"]
    assert [one["name"] for one in listed] == ["widgets", "widgets/status", "widgets/scale"]
    assert listed[0]["shortNames"] == ["wd"]


async def test_objects_are_pruned_defaulted_and_listed_in_every_version() -> None:
    api = await shop()
    sent = widget(parts=[{"name": "a"}], free={"any": {"thing": 1}}, wrong=1)
    made = await api.call("POST", WIDGETS, sent)
    assert made.status == 201
    assert made.json()["spec"] == {
        "color": "red", "size": 3, "parts": [{"name": "a", "count": 1}], "free": {"any": {"thing": 1}},
    }  # fmt: skip
    assert made.json()["metadata"]["generation"] == 1
    assert made.header("warning") == '299 - "unknown field \\"spec.wrong\\""'
    older = (await api.call("GET", WIDGETS.replace("v1", "v1beta1"))).json()
    assert (older["kind"], older["apiVersion"]) == ("WidgetList", "shop.example.com/v1beta1")
    one = (await api.call("GET", WIDGETS.replace("v1", "v1beta1") + "/w")).json()
    assert one["apiVersion"] == "shop.example.com/v1beta1"
    assert one["metadata"]["uid"] == made.json()["metadata"]["uid"]


async def test_an_unknown_field_is_refused_when_validation_is_strict() -> None:
    api = await shop()
    refused = await api.call("POST", f"{WIDGETS}?fieldValidation=Strict", widget(wrong=1))
    assert (refused.status, refused.json()["message"]) == (
        400,
        'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.wrong"',
    )


async def test_the_schema_is_enforced_in_the_words_of_kubernetes() -> None:
    api = await shop()
    sent = widget(color="pink", size=0, title="Toolong", tags=["a", "a"], parts=[{"name": "x"}, {"name": "x"}])
    refused = (await api.call("POST", WIDGETS, sent)).json()
    assert (refused["code"], refused["reason"]) == (422, "Invalid")
    said = {cause["field"]: cause["message"] for cause in refused["details"]["causes"]}
    assert said == {
        "spec.color": 'Unsupported value: "pink": supported values: "red", "blue"',
        "spec.size": "Invalid value: 0: spec.size in body should be greater than or equal to 1",
        "spec.title": "Invalid value: \"Toolong\": spec.title in body should match '^[a-z]+$'",
        "spec.tags[1]": 'Duplicate value: "a"',
        "spec.parts[1]": 'Duplicate value: {"name":"x"}',
    }
    absent = (await api.call("POST", WIDGETS, {**widget(), "spec": {}})).json()
    assert absent["message"] == 'Widget.shop.example.com "w" is invalid: spec.color: Required value'
    typed = (await api.call("POST", WIDGETS, widget(size="big"))).json()
    assert typed["details"]["causes"][0] == {
        "reason": "FieldValueTypeInvalid",
        "message": 'Invalid value: "string": spec.size in body must be of type integer: "string"',
        "field": "spec.size",
    }


async def test_tables_show_the_printer_columns() -> None:
    api = await shop()
    await api.call("POST", WIDGETS, widget(size=7))
    status = {"status": {"conditions": [{"type": "Other", "status": "x"}, {"type": "Ready", "status": "True"}]}}
    await api.call("PATCH", f"{WIDGETS}/w/status", status, MERGE)
    shown = (await api.call("GET", WIDGETS, headers=TABLE)).json()
    assert [one["name"] for one in shown["columnDefinitions"]] == ["Name", "Color", "Size", "Ready", "Age"]
    assert shown["rows"][0]["cells"][:4] == ["w", "red", 7, "True"]


async def test_status_is_a_subresource_of_its_own_and_scale_reads_the_paths() -> None:
    api = await shop()
    made = (await api.call("POST", WIDGETS, {**widget(replicas=2), "status": {"replicas": 9}})).json()
    assert "status" not in made
    await api.call("PATCH", f"{WIDGETS}/w/status", {"spec": {"color": "blue"}, "status": {"replicas": 2}}, MERGE)
    found = (await api.call("GET", f"{WIDGETS}/w")).json()
    assert (found["spec"]["color"], found["status"], found["metadata"]["generation"]) == ("red", {"replicas": 2}, 1)
    scaled = await api.call("PATCH", f"{WIDGETS}/w/scale", {"spec": {"replicas": 5}}, MERGE)
    assert scaled.json()["spec"] == {"replicas": 5}
    found = (await api.call("GET", f"{WIDGETS}/w")).json()
    assert (found["spec"]["replicas"], found["metadata"]["generation"]) == (5, 2)


async def test_a_watch_in_another_version_sees_the_same_objects_in_its_own() -> None:
    api = await shop()
    reply, task = api.open("GET", WIDGETS.replace("v1", "v1beta1") + "?watch=true&fieldSelector=spec.color%3Dblue")
    await api.call("POST", WIDGETS, widget("r"))
    await api.call("POST", WIDGETS, widget("b", color="blue"))
    (line,) = await reply.lines(1)
    assert (line["type"], line["object"]["metadata"]["name"]) == ("ADDED", "b")
    assert line["object"]["apiVersion"] == "shop.example.com/v1beta1"
    task.cancel()


async def test_names_that_are_taken_are_not_accepted_and_not_served() -> None:
    api = await shop()
    other = definition(names={"plural": "gadgets", "singular": "gadget", "kind": "Widget"})
    other["metadata"]["name"] = "gadgets.shop.example.com"
    assert (await api.call("POST", DEFINITIONS, other)).status == 201
    found = (await api.call("GET", f"{DEFINITIONS}/gadgets.shop.example.com")).json()
    assert conditions(found) == {
        "NamesAccepted": ("False", "KindConflict"), "Established": ("False", "NotAccepted"),
    }  # fmt: skip
    assert (await api.call("GET", "/apis/shop.example.com/v1/gadgets")).status == 404


async def test_a_definition_goes_with_its_objects_when_their_finalizers_let_them() -> None:
    api = await shop()
    held = widget("held")
    held["metadata"]["finalizers"] = ["shop.example.com/hold"]
    await api.call("POST", WIDGETS, held)
    await api.call("POST", WIDGETS, widget("free"))
    gone = await api.call("DELETE", f"{DEFINITIONS}/{NAME}")
    assert gone.json()["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    left = (await api.call("GET", WIDGETS)).json()["items"]
    assert [one["metadata"]["name"] for one in left] == ["held"]
    terminating = (await api.call("GET", f"{DEFINITIONS}/{NAME}")).json()
    assert conditions(terminating)["Terminating"] == ("True", "InstanceDeletionInProgress")
    await api.call("PATCH", f"{WIDGETS}/held", {"metadata": {"finalizers": None}}, MERGE)
    assert (await api.call("GET", f"{DEFINITIONS}/{NAME}")).status == 404
    assert (await api.call("GET", WIDGETS)).status == 404
    assert (await api.call("GET", "/apis/shop.example.com")).status == 404


async def test_a_strategic_patch_of_a_custom_resource_is_415_and_an_apply_makes_it() -> None:
    api = await shop()
    applied = await api.call(
        "PATCH", f"{WIDGETS}/w?fieldManager=me", widget(), {"content-type": "application/apply-patch+yaml"}
    )
    assert applied.status == 201
    assert applied.json()["metadata"]["managedFields"][0]["fieldsV1"] == {"f:spec": {"f:color": {}}}
    strategic = {"content-type": "application/strategic-merge-patch+json"}
    refused = await api.call("PATCH", f"{WIDGETS}/w", {"spec": {"color": "blue"}}, strategic)
    assert refused.status == 415
    assert refused.json()["message"].endswith(
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
    )


async def test_openapi_shows_the_schema_and_says_when_it_changed() -> None:
    api = await shop()
    index = (await api.call("GET", "/openapi/v3")).json()["paths"]
    document = (await api.call("GET", index["apis/shop.example.com/v1"]["serverRelativeURL"])).json()
    schema = document["components"]["schemas"]["com.example.shop.v1.Widget"]
    assert schema["properties"]["spec"]["properties"]["size"]["default"] == 3
    assert schema["x-kubernetes-group-version-kind"] == [
        {"group": "shop.example.com", "version": "v1", "kind": "Widget"}
    ]
    assert (await Api().call("GET", "/openapi/v3")).json()["paths"].get("apis/shop.example.com/v1") is None


async def test_malformed_definitions_are_refused_field_by_field() -> None:
    api = Api()
    sent = definition(scope="Everywhere", versions=[{"name": "v1", "served": True, "storage": False}])
    sent["metadata"]["name"] = "wrong"
    refused = (await api.call("POST", DEFINITIONS, sent)).json()
    said = {cause["field"]: cause["message"] for cause in refused["details"]["causes"]}
    assert said["metadata.name"] == 'Invalid value: "wrong": must be spec.names.plural+"."+spec.group'
    assert said["spec.scope"] == 'Unsupported value: "Everywhere": supported values: "Cluster", "Namespaced"'
    assert said["spec.versions[0].schema.openAPIV3Schema"] == "Required value: schemas are required"
    assert said["spec.versions"].endswith("must have exactly one version marked as storage version")
    protected = definition(group="gateway.networking.k8s.io")
    protected["metadata"]["name"] = "widgets.gateway.networking.k8s.io"
    refused = (await api.call("POST", DEFINITIONS, protected)).json()
    assert refused["details"]["causes"][0]["field"] == "metadata.annotations[api-approved.kubernetes.io]"


@pytest.mark.parametrize("part", ["items", "additionalProperties", "properties", "enum", "required", "default"])
@pytest.mark.parametrize("junk", [5, "x", [None], [[]], {"a": 1}, True])
async def test_a_malformed_schema_is_taken_or_refused_and_never_a_failure(part: str, junk: object) -> None:
    api, sent = Api(), definition()
    schema = sent["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"] = {**schema["properties"], "extra": {"type": "array", "items": {"type": "string"}, part: junk}}
    made = await api.call("POST", DEFINITIONS, sent)
    assert made.status in (201, 400, 422), made.body
    if made.status == 201:
        stored = await api.call("POST", WIDGETS, {**widget(), "extra": ["a"]})
        assert stored.status in (201, 422), stored.body
        assert (await api.call("GET", "/openapi/v3/apis/shop.example.com/v1")).status == 200


async def test_scale_paths_are_plain_and_in_their_places() -> None:
    sent = definition()
    sent["spec"]["versions"][0]["subresources"]["scale"] = {"specReplicasPath": ".status.x", "statusReplicasPath": "x["}
    refused = (await Api().call("POST", DEFINITIONS, sent)).json()
    field = "spec.versions[0].subresources.scale"
    assert [(cause["field"], cause["message"]) for cause in refused["details"]["causes"]] == [
        (f"{field}.specReplicasPath", 'Invalid value: ".status.x": should be a json path under .spec'),
        (f"{field}.statusReplicasPath", 'Invalid value: "x[": should be a json path under .status'),
    ]


async def test_an_emptied_store_knows_no_custom_kinds_and_a_manifest_may_define_them_again() -> None:
    api = await shop()
    api.store.reset()
    api.backend.reread()
    assert (await api.call("GET", WIDGETS)).status == 404
    made = widget("loaded")
    manifests.apply(api.store, api.backend.find, [("f, document 1", definition()), ("f, document 2", made)])
    assert (await api.call("GET", f"{WIDGETS}/loaded")).json()["spec"]["color"] == "red"
    with pytest.raises(manifests.ManifestError, match="color"):
        manifests.apply(api.store, api.backend.find, [("f, document 3", {**widget("bad"), "spec": {"color": "pink"}})])


async def test_a_custom_object_without_its_kind_is_not_recognised() -> None:
    api = await shop()
    sent = widget()
    del sent["kind"]
    refused = await api.call("POST", WIDGETS, sent)
    assert refused.status == 400
    says = "the object provided is unrecognized (must be of type Widget): Object 'Kind' is missing in '{\"apiVersion\":"
    assert refused.json()["message"].startswith(says)
