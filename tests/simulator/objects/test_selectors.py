"""Label and field selectors."""

from __future__ import annotations

import pytest

from simulator.errors import ApiError
from simulator.kinds.table import RESOURCES
from simulator.objects.record import Record
from simulator.objects.selectors import as_text, of_label_selector, parse

PODS = RESOURCES.of("v1", "Pod")
POD = Record(
    PODS, "default/p",
    {"metadata": {"name": "p", "namespace": "default", "labels": {"app": "web", "tier": "3"}},
     "spec": {"nodeName": "n1"}, "status": {"phase": "Running"}}, 1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "matches"),
    [
        ("app=web", True), ("app==web", True), ("app!=web", False), ("app in (web, api)", True),
        ("app notin (web)", False), ("app", True), ("!app", False), ("!other", True), ("other!=x", True),
        ("tier>2", True), ("tier<2", False), ("app=web,tier=3", True), ("app=web,tier=4", False), ("app=", False),
    ],
)  # fmt: skip
def test_label_selectors_choose(labels: str, matches: bool) -> None:
    selector = parse(PODS, labels, "")
    assert selector is not None
    assert selector.matches(POD) is matches


@pytest.mark.parametrize(
    ("fields", "matches"),
    [
        ("metadata.name=p", True), ("metadata.name!=p", False), ("status.phase=Running", True),
        ("spec.nodeName=n1,status.phase=Pending", False), ("metadata.namespace==default", True),
    ],
)  # fmt: skip
def test_field_selectors_choose(fields: str, matches: bool) -> None:
    selector = parse(PODS, "", fields)
    assert selector is not None
    assert selector.matches(POD) is matches


@pytest.mark.parametrize("labels", ["a in", "=x", "a in (b", "a b", "/x=1", "a=-", "a>x", "(,)", "a=b=c"])
def test_a_malformed_label_selector_is_the_clients_fault(labels: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse(PODS, labels, "")
    assert refused.value.code == 400


def test_an_unknown_field_is_refused_in_kubernetes_words() -> None:
    with pytest.raises(ApiError, match=r"field label not supported: spec\.colour"):
        parse(PODS, "", "spec.colour=red")
    with pytest.raises(
        ApiError, match=r'"a" is not a known field selector: only "metadata\.name", "metadata\.namespace"'
    ):
        parse(RESOURCES.of("v1", "ConfigMap"), "", "a=b")


def test_a_label_selector_of_an_object_means_the_same_and_prints_as_kubectl_shows_it() -> None:
    given = {
        "matchLabels": {"app": "web"},
        "matchExpressions": [{"key": "tier", "operator": "In", "values": ["3", "2"]}],
    }
    assert of_label_selector(given).matches(POD)
    assert as_text(given) == "app=web,tier in (2,3)"
    assert not of_label_selector(None).matches(POD)
