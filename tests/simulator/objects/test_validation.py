"""What objects of every kind must satisfy."""

from __future__ import annotations

import pytest

from simulator.errors import Cause
from simulator.kinds.table import RESOURCES
from simulator.objects.validation import metadata_problems

MAP = RESOURCES.of("v1", "ConfigMap")


def problems(**metadata: object) -> list[Cause]:
    return metadata_problems(MAP, {"metadata": {"name": "m", **metadata}}, None)


def test_a_finalizer_has_a_domain_or_is_one_of_kubernetes_own() -> None:
    assert problems(finalizers=["example.com/hold", "orphan", "foregroundDeletion", "kubernetes"]) == []
    (found,) = problems(finalizers=["hold"])
    assert found == Cause(
        "FieldValueInvalid",
        'Invalid value: "hold": name is neither a standard finalizer name nor is it fully qualified',
        "metadata.finalizers[0]",
    )


@pytest.mark.parametrize("metadata", [{"name": "m\n"}, {"labels": {"a": "b\n"}}, {"labels": {"a\n": "b"}}])
def test_a_line_end_is_part_of_no_name(metadata: dict[str, object]) -> None:
    assert len(problems(**metadata)) == 1
