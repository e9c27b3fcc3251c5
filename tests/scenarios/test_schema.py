import re
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from scenarios import marks
from scenarios.repeating import expanded
from scenarios.schema import schema
from scenarios.steps import ACTIONS, EXPECTATIONS

LIBRARY = sorted((Path(__file__).parents[2] / "scenarios/library").glob("*.yaml"))
SCHEMA = schema()


def errors(data):
    return [error.message for error in jsonschema_rs.Draft202012Validator(SCHEMA).iter_errors(data)]


def test_it_is_a_schema():
    assert jsonschema_rs.meta.is_valid(SCHEMA)


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.stem)
def test_every_file_of_the_library_is_what_it_describes(path):
    data = expanded(marks.load(path), path).data
    assert errors(data) == []


@pytest.mark.parametrize(
    "step",
    [
        "apply: some.yaml",
        "apply: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
        "apply: [some.yaml, {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}]",
        "scale: {deployment: a, replicas: '${n}'}",
        "expect: '${wanted}'",
        "wait: '${long}'",
    ],
)
def test_what_the_loader_takes_an_editor_does_not_mark(step):
    assert errors(yaml.safe_load(f"{{title: t, given: {{edge: {{gateways: '${{g}}'}}}}, steps: [{{{step}}}]}}")) == []


@pytest.mark.parametrize(
    "text",
    [
        "{title: t, steps: []}",
        "{title: t, steps: [{scal: {}}]}",
        "{title: t, steps: [{wait: 1s, compact: {}}]}",
        "{title: t, steps: [{scale: {deployment: a, replicas: three}}]}",
        "{title: t, steps: [{expect: {upstreem: a}}]}",
        "{titel: t, steps: [{wait: 1s}]}",
        "{title: t, steps: [{wait: 1 second}]}",
    ],
)
def test_what_the_loader_refuses_an_editor_marks_too(text):
    assert errors(yaml.safe_load(text))


@pytest.mark.parametrize("name", [*ACTIONS, *EXPECTATIONS])
def test_every_action_and_expectation_is_in_the_docs(name):
    text = (Path(__file__).parents[2] / "docs/scenarios.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `{re.escape(name)}` \|", text, re.MULTILINE)
