from pathlib import Path

import msgspec
import pytest

from scenarios import marks
from scenarios.errors import FileError
from scenarios.loading import cases
from scenarios.whereabouts import FAULTS
from simulator.api import faults

PATH = Path("some.yaml")
HEAD = """\
title: t
given:
  edge: none
  manifests:
  - test-hello.yaml
  - {apiVersion: v1, kind: Pod, metadata: {name: single}}
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: other}}
"""
LINE = 9  # of the first step


def wrong(steps, head=HEAD):
    try:
        cases(marks.parse(f"{head}steps:\n{steps}\n", PATH), PATH)
    except FileError as error:
        return [(problem.line, problem.key, problem.message) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("step", "key", "message"),
    [
        ("- scale: {deployment: test-helo, replicas: 3}", "scale.deployment", "did you mean 'test-hello'?"),
        ("- restart: {deployment: test-hello, namespace: other}", "restart.deployment", "in the namespace other"),
        ("- set-image: {deployment: x, image: y}", "set-image.deployment", "no manifest has the Deployment 'x'"),
        ("- kill-pod: {deployment: x}", "kill-pod.deployment", "no manifest has the Deployment 'x'"),
        ("- kill-pod: {pod: test-helo-1}", "kill-pod.pod", "no manifest brings a Pod called 'test-helo-1'"),
        ("- select: {service: hello, selector: {a: b}}", "select.service", "did you mean 'test-hello'?"),
        ("- revoke: {serviceaccount: edge-raeder}", "revoke.serviceaccount", "did you mean 'edge-reader'?"),
        ("- remove-access: {clusterrolebinding: x}", "clusterrolebinding", "no manifest has the ClusterRoleBinding"),
        ("- restore-access: {clusterrolebinding: edge-reader}", "clusterrolebinding", "no earlier step removed"),
        ("- clear-fault: slow", "clear-fault.name", "no earlier step adds a fault called 'slow'"),
        ("- fault: {fault: {type: slience}}", "fault.fault.type", "did you mean 'silence'?"),
        ("- fault: {fault: {}}", "fault.fault.type", "expected the type of the fault, one of status, "),
    ],
)
def test_what_no_manifest_and_no_step_brings_is_said_before_anything_starts(step, key, message):
    [(line, where, said)] = wrong(step)
    assert line == LINE
    assert where.endswith(key)
    assert message in said


@pytest.mark.parametrize(
    "steps",
    [
        "- scale: {deployment: test-hello, replicas: 3}",
        "- kill-pod: {pod: single}",
        "- kill-pod: {pod: test-hello-7c5-x2}",
        "- revoke: {serviceaccount: edge-reader}",
        "- remove-access: {clusterrolebinding: edge-reader}\n- restore-access: {clusterrolebinding: edge-reader}",
        "- fault: {fault: {type: cut}, name: mine}\n- clear-fault: mine\n- clear-fault: all\n- clear-fault:",
        "- apply: {apiVersion: apps/v1, kind: Deployment, metadata: {name: new}}\n- restart: {deployment: new}",
        "- run: {command: [kubectl, apply, -f, x.yaml]}\n- restart: {deployment: new}",  # which may bring anything
    ],
)
def test_what_they_bring_is_fine(steps):
    assert wrong(steps) == []


def test_an_edited_upstream_names_a_service_that_is_there():
    head = "title: t\ngiven: {manifests: [test-hello.yaml]}\n"
    edit = "- edit: {upstream: new, set: {kubernetes: {cluster: test, service: test-%s, port: 80}}}"
    assert wrong(edit % "hello", head) == []
    assert "did you mean 'test-hello'?" in wrong(edit % "helo", head)[0][2]


def test_faults_that_are_given_are_known_by_their_type_and_name():
    head = "title: t\ngiven: {edge: none, faults: [{name: given, fault: {type: %s}}]}\n"
    assert wrong("- clear-fault: given", head % "cut") == []
    assert "did you mean 'cut'?" in wrong("- wait: 1s", head % "cutt")[0][2]


@pytest.mark.parametrize("metadata", ["null", "[]", "{}", "{name: 3}", "{generateName: a-}"])
def test_an_object_without_a_name_is_no_manifest(metadata):
    [(_, where, said)] = wrong(f"- apply: {{apiVersion: v1, kind: Service, metadata: {metadata}}}")
    assert where == "steps[0].apply[0]"
    assert "metadata.name" in said


def test_the_types_of_faults_are_the_simulators():
    tags = [kind.__struct_config__.tag for kind in faults.Fault.__subclasses__()]
    assert sorted(FAULTS) == sorted(msgspec.convert(tags, list[str]))
