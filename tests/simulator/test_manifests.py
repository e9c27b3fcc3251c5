from __future__ import annotations

from pathlib import Path

import pytest

from simulator.manifests import ManifestError, parse, read
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
