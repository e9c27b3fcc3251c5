from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from simulator import clock
from simulator.api.backend import Backend
from simulator.cluster.manifests import ManifestError, apply, parse, read
from simulator.store.store import Store
from tests.simulator.extensions.widgets import definition, widget
from tests.simulator.world import FILES


def test_a_folder_is_read_in_the_order_of_names_and_lists_are_opened(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("kind: A\napiVersion: v1\nmetadata: {name: b}\n---\n")
    (tmp_path / "a.json").write_text(
        '{"kind":"List","apiVersion":"v1","items":[{"kind":"A","apiVersion":"v1","metadata":{"name":"a"}}]}'
    )
    assert [obj["metadata"]["name"] for _, obj in read(tmp_path)] == ["a", "b"]
    assert len(read(FILES / "token.yml")) == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a: [", "no YAML"), ("just text", "expected an object"), ("kind: A\napiVersion: v1\n", "expected metadata")],
)
def test_a_bad_manifest_is_named(text: str, expected: str) -> None:
    with pytest.raises(ManifestError, match=rf"f\.yaml.*{expected}"):
        parse(text, "f.yaml")


def test_a_missing_file_or_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        read(tmp_path / "none.yaml")
    with pytest.raises(ManifestError, match="expected at least one"):
        read(tmp_path)


def load(*objects: dict[str, Any]) -> list[dict[str, Any]]:
    """What a cluster with custom kinds has of some objects, loaded as manifests."""
    store = Store(clock, random.Random(1))
    backend = Backend.of(store, clock, random.Random(1))
    apply(store, backend.find, [(f"f, document {number}", one) for number, one in enumerate(objects, 1)])
    rows = [backend.find(one["apiVersion"], one["kind"]) for one in objects]
    return [
        found
        for row, one in zip(rows, objects, strict=True)
        if row is not None and (found := store.get(row, "default" if row.namespaced else None, one["metadata"]["name"]))
    ]


def test_a_custom_object_is_pruned_and_defaulted_and_what_is_unknown_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = load(definition(), widget(wrong=1, parts=[{"name": "a"}]))[1]
    assert made["spec"] == {"color": "red", "size": 3, "parts": [{"name": "a", "count": 1}]}
    told = capsys.readouterr().out
    assert "f, document 2" in told
    assert "spec.wrong" in told


def test_a_value_of_the_wrong_type_is_named_with_its_place() -> None:
    wrong = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": "default"}, "data": [1]}
    with pytest.raises(ManifestError, match=r"f, document 1: ConfigMap m: .*cannot unmarshal array"):
        load(wrong)


def test_a_key_that_comes_twice_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    [(_, obj)] = parse("{kind: A, apiVersion: v1, metadata: {name: a, name: b}}", "f.yaml")
    assert obj["metadata"] == {"name": "b"}
    assert "line 1: key" in capsys.readouterr().out
