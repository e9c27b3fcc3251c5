"""Where a pod may run."""

from __future__ import annotations

from typing import Any

from simulator.controllers.scheduling.placement import obstacle, only_on, target, tolerates

TAINT = {"key": "team", "value": "blue", "effect": "NoSchedule"}


def node(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "one", "labels": {"cores": "8"}}, "spec": spec}


def test_a_toleration_is_for_taints_of_its_key_value_and_effect() -> None:
    assert tolerates({"key": "team", "value": "blue"}, TAINT)
    assert tolerates({"key": "team", "operator": "Exists"}, TAINT)
    assert tolerates({"operator": "Exists"}, TAINT)
    assert not tolerates({"key": "team", "value": "red"}, TAINT)
    assert not tolerates({"key": "team", "value": "blue", "effect": "NoExecute"}, TAINT)
    assert not tolerates({"value": "blue"}, TAINT)


def test_what_keeps_a_pod_from_a_node_is_said_in_the_schedulers_words() -> None:
    assert obstacle({}, node()) == ""
    assert obstacle({}, node(unschedulable=True)) == "node(s) were unschedulable"
    assert obstacle({}, node(taints=[TAINT])) == "node(s) had untolerated taint(s) {team: blue}"
    assert obstacle({"tolerations": [{"operator": "Exists"}]}, node(taints=[TAINT], unschedulable=True)) == ""
    assert obstacle({"nodeSelector": {"cores": "4"}}, node()) == "node(s) didn't match Pod's node affinity/selector"


def test_required_affinity_compares_numbers_and_names() -> None:
    def wants(operator: str, value: str) -> dict[str, Any]:
        term = {"matchExpressions": [{"key": "cores", "operator": operator, "values": [value]}]}
        required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
        return {"affinity": {"nodeAffinity": required}}

    assert obstacle(wants("Gt", "4"), node()) == ""
    assert obstacle(wants("Lt", "4"), node())
    assert obstacle(only_on({}, "one"), node()) == ""
    assert obstacle(only_on({}, "two"), node())
    assert target(only_on({}, "two")) == "two"
