"""Server-side apply of custom resources: keyed lists merge element by element, sets value by value."""

from __future__ import annotations

from tests.simulator.extensions.widgets import WIDGETS, shop, widget

APPLY = {"content-type": "application/apply-patch+yaml"}


async def test_two_managers_share_a_keyed_list_and_a_set() -> None:
    api = await shop()
    first = widget(parts=[{"name": "a", "count": 2}], tags=["x"])
    made = await api.call("PATCH", f"{WIDGETS}/w?fieldManager=one", first, APPLY)
    assert made.json()["metadata"]["managedFields"][0]["fieldsV1"] == {
        "f:spec": {
            "f:color": {},
            "f:parts": {'k:{"name":"a"}': {".": {}, "f:count": {}, "f:name": {}}},
            "f:tags": {'v:"x"': {}},
        }
    }
    second = {**widget(), "spec": {"parts": [{"name": "b"}], "tags": ["y"], "color": "red"}}
    merged = (await api.call("PATCH", f"{WIDGETS}/w?fieldManager=two", second, APPLY)).json()
    assert {part["name"]: part["count"] for part in merged["spec"]["parts"]} == {"a": 2, "b": 1}
    assert sorted(merged["spec"]["tags"]) == ["x", "y"]


async def test_a_field_of_another_manager_conflicts_by_its_key_and_an_element_goes_with_its_manager() -> None:
    api = await shop()
    first = widget(parts=[{"name": "a", "count": 2}])
    await api.call("PATCH", f"{WIDGETS}/w?fieldManager=one", first, APPLY)
    second = widget(parts=[{"name": "a", "count": 5}, {"name": "b"}])
    refused = await api.call("PATCH", f"{WIDGETS}/w?fieldManager=two", second, APPLY)
    assert (refused.status, refused.json()["message"]) == (
        409, 'Apply failed with 1 conflict: conflict with "one": .spec.parts[name="a"].count',
    )  # fmt: skip
    forced = await api.call("PATCH", f"{WIDGETS}/w?fieldManager=two&force=true", second, APPLY)
    assert [part["name"] for part in forced.json()["spec"]["parts"]] == ["a", "b"]
    less = (await api.call("PATCH", f"{WIDGETS}/w?fieldManager=two", widget(), APPLY)).json()
    assert [part["name"] for part in less["spec"]["parts"]] == ["a"]
