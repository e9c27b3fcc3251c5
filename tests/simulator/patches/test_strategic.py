"""Strategic merge patches, directive by directive."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.errors import ApiError
from simulator.patches import strategic
from simulator.schema import schema

POD = schema().get("core/v1.Pod")
META = schema().get("meta/v1.ObjectMeta")


def pod(*names: str) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": name, "image": f"{name}:1"} for name in names]}}


def names(patched: dict[str, Any]) -> list[str]:
    return [container["name"] for container in patched["spec"]["containers"]]


def test_a_keyed_list_merges_by_its_key_and_a_new_element_comes_last() -> None:
    patched = strategic.apply(POD, pod("a", "b"), {"spec": {"containers": [{"name": "b", "tty": True}, {"name": "c"}]}})
    assert patched["spec"]["containers"] == [
        {"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1", "tty": True}, {"name": "c"},
    ]  # fmt: skip


def test_an_element_is_deleted_and_a_list_replaced_on_request() -> None:
    without = strategic.apply(POD, pod("a", "b"), {"spec": {"containers": [{"name": "a", "$patch": "delete"}]}})
    assert names(without) == ["b"]
    replaced = strategic.apply(POD, pod("a", "b"), {"spec": {"containers": [{"$patch": "replace"}, {"name": "z"}]}})
    assert names(replaced) == ["z"]


def test_the_order_of_elements_is_set() -> None:
    order = [{"name": "b"}, {"name": "a"}]
    assert names(strategic.apply(POD, pod("a", "b"), {"spec": {"$setElementOrder/containers": order}})) == ["b", "a"]


def test_primitive_lists_merge_and_lose_what_is_named() -> None:
    document = {"finalizers": ["a", "b"]}
    assert strategic.apply(META, document, {"finalizers": ["c"]}) == {"finalizers": ["a", "b", "c"]}
    gone = {"$deleteFromPrimitiveList/finalizers": ["a"]}
    assert strategic.apply(META, document, gone) == {"finalizers": ["b"]}


def test_keys_are_retained_or_the_map_replaced() -> None:
    document = {"labels": {"a": "1", "b": "2"}}
    assert strategic.apply(META, document, {"labels": {"$patch": "replace", "c": "3"}}) == {"labels": {"c": "3"}}
    assert strategic.apply(META, document, {"labels": {"$retainKeys": ["a"], "a": "9"}}) == {"labels": {"a": "9"}}
    assert strategic.apply(META, document, {"labels": {"a": None}}) == {"labels": {"b": "2"}}


def test_an_element_without_its_key_is_refused() -> None:
    with pytest.raises(ApiError, match="does not contain declared merge key: name"):
        strategic.apply(POD, pod("a"), {"spec": {"containers": [{"image": "x"}]}})


def test_a_directive_that_nobody_knows_is_refused_with_the_patch_as_go_prints_it() -> None:
    with pytest.raises(ApiError) as refused:
        strategic.apply(META, {}, {"b": [1, None], "a": True, "$patch": "bogus"})
    assert refused.value.message == "unknown patch type: bogus in map: map[$patch:bogus a:true b:[1 <nil>]]"
