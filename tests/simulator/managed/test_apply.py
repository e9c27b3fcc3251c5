"""Server-side apply over fields that nobody is known to own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.api.client import Api

MAP = "/api/v1/namespaces/default/configmaps/m"
APPLY = {"content-type": "application/apply-patch+yaml"}
MERGE = {"content-type": "application/merge-patch+json"}


def wanted(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": data}


async def test_what_was_there_before_the_first_apply_conflicts_and_can_be_forced() -> None:
    api = Api()
    await api.call("PATCH", f"{MAP}?fieldManager=a", wanted(x="1", y="1"), APPLY)
    await api.call("PATCH", MAP, {"metadata": {"managedFields": [{}]}}, MERGE)
    refused = await api.call("PATCH", f"{MAP}?fieldManager=b", wanted(x="2"), APPLY)
    assert (refused.status, refused.json()["message"]) == (
        409,
        'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.x',
    )
    forced = await api.call("PATCH", f"{MAP}?fieldManager=b&force=true", wanted(x="2"), APPLY)
    assert forced.json()["data"] == {"x": "2", "y": "1"}
    assert [
        (entry["manager"], entry["operation"], entry["fieldsV1"]["f:data"])
        for entry in forced.json()["metadata"]["managedFields"]
    ] == [("b", "Apply", {"f:x": {}}), ("before-first-apply", "Update", {".": {}, "f:y": {}})]


@pytest.mark.parametrize("mode", ["Ignore", "Warn", "Strict"])
async def test_a_field_that_the_kind_has_not_cannot_be_applied(mode: str) -> None:
    container = {"name": "c", "image": "i", "imge": "j"}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}
    body = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {"replica": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template},
    }  # fmt: skip
    path = f"/apis/apps/v1/namespaces/default/deployments/d?fieldManager=a&fieldValidation={mode}"
    refused = await Api().call("PATCH", path, body, APPLY)
    assert (refused.status, refused.json()["message"]) == (
        400,
        "failed to create typed patch object (default/d; apps/v1, Kind=Deployment): errors:\n"
        "  .spec.replica: field not declared in schema\n"
        '  .spec.template.spec.containers[name="c"].imge: field not declared in schema',
    )


async def test_an_object_that_is_gone_is_not_made_anew_under_its_old_uid() -> None:
    body = wanted(x="1")
    body["metadata"]["uid"] = "gone"
    refused = await Api().call("PATCH", f"{MAP}?fieldManager=a", body, APPLY)
    assert refused.status == 409
    assert "uid mismatch" in refused.json()["message"]
