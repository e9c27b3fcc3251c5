"""The JSONPaths of CustomResourceDefinitions."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.extensions.jsonpath import BadPath, JsonPath

OBJECT = {
    "spec": {"replicas": 3, "a.b": "dotted", "list": [{"n": 1, "ok": True}, {"n": 2, "ok": False}]},
    "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.replicas", [3]),
        ("{.spec.replicas}", [3]),
        (".spec.absent.deeper", []),
        (r".spec.a\.b", ["dotted"]),
        (".spec['a.b']", ["dotted"]),
        (".spec.list[0].n", [1]),
        (".spec.list[-1].n", [2]),
        (".spec.list[7].n", []),
        (".spec.list[*].n", [1, 2]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        ('.status.conditions[?(@.type!="Ready")].status', ["False"]),
        (".spec.list[?(@.ok==true)].n", [1]),
    ],
)
def test_a_path_finds(path: str, found: list[Any]) -> None:
    assert JsonPath(path).find(OBJECT) == found


@pytest.mark.parametrize("path", ["", "spec", ".spec[", ".spec.list[?(x)]", ".a b[", "[]"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(BadPath):
        JsonPath(path)
