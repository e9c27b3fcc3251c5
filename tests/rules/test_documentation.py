"""docs/rules.md has a row for every variable, operator, action and template, and its examples are right."""

import json
import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from edge.model.actions import Action
from edge.model.rule import Operator, Rule, Variable
from edge.rules import limits, templates
from edge.rules.actions import TERMINAL
from edge.rules.checks.conditions import ADDRESSES, NUMBERS
from edge.rules.checks.headers import FRAMING
from edge.rules.checks.routing import REDIRECTS
from edge.rules.validate import problems

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()


def rows(heading):
    section = re.search(rf"^#+ {re.escape(heading)}$(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section is not None, f"no section {heading}"
    return dict(re.findall(r"^\| `([^`]+)`([^\n]*)$", section.group(1), re.MULTILINE))


def tags():
    return {action: action.__struct_config__.tag for action in get_args(Action)}


def test_every_variable_is_documented_and_no_other():
    assert list(rows("Variables")) == list(get_args(Variable))


def test_every_operator_is_documented_with_the_variables_it_takes():
    documented = rows("Operators")
    assert list(documented) == list(get_args(Operator))
    assert all(f"`{variable}`" in documented["in-network"] for variable in ADDRESSES)
    assert all(f"`{variable}`" in documented["greater"] for variable in NUMBERS)


def test_what_other_gateways_call_it_leads_to_variables_and_operators_that_there_are():
    section = PAGE.split("### From OpenResty Edge")[1].split("###")[0]
    named = re.findall(r"^\|[^|]*\|([^|]*)\|$", section, re.MULTILINE)
    words = {word for cell in named for word in re.findall(r"`([a-z-]+)`", cell)} - {"negate"}
    assert len(words) > 20
    assert words <= {*get_args(Variable), *get_args(Operator)}


def test_every_action_is_documented_with_its_fields():
    documented = rows("Actions")
    assert documented.keys() == set(tags().values())
    for action, tag in tags().items():
        assert ("(terminal)" in documented[tag]) == (action in TERMINAL)
        for field in msgspec.structs.fields(action):
            assert f"`{field.encode_name}`" in documented[tag], f"{tag}.{field.encode_name}"
    assert all(str(status) in documented["redirect"] for status in REDIRECTS)


def test_every_template_is_documented_and_no_other():
    expected = [*(f"${{{name}}}" for name in templates.VALUES), *(f"${{{prefix}NAME}}" for prefix in templates.NAMED)]
    assert sorted(rows("Filling in: `${…}`")) == sorted(expected)


def test_headers_that_cannot_be_touched_are_listed():
    assert all(f"`{name}`" in PAGE.lower() for name in FRAMING)


@pytest.mark.parametrize(
    "limit",
    [
        limits.RULES,
        limits.CONDITIONS,
        limits.ACTIONS,
        limits.VALUES,
        limits.VALUE,
        limits.BODY,
        limits.NETWORKS,
        limits.ENTRIES,
    ],
)
def test_limits_are_documented_as_they_are(limit):
    assert f"{limit:,}" in PAGE


def test_the_examples_are_rules_and_actions_without_a_problem():
    whole, actions = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    rules = [json.loads(whole)]
    rules += [{"actions": [json.loads(line)]} for line in actions.splitlines()]
    assert len(rules) == 6
    for rule in rules:
        assert problems(msgspec.convert({"id": "r", **rule}, Rule), ["ID of the upstream"]) == []
