import json
from typing import get_args

import pytest

from edge.admin.api.openapi import document
from edge.admin.api.resources import operations
from edge.model.actions import Action

DOCUMENT = document(operations())


def every(key, value):
    """Every value under `key`, anywhere in `value`."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name == key:
                yield item
            yield from every(key, item)
    elif isinstance(value, list):
        for item in value:
            yield from every(key, item)


def described():
    return [each for path in DOCUMENT["paths"].values() for each in path.values()]


def test_it_can_be_written_as_json():
    assert json.loads(json.dumps(DOCUMENT))["openapi"] == "3.1.0"


def test_every_operation_of_the_table_and_the_events_are_described():
    names = {operation.name for operation in operations()} | {"watch-events"}
    assert {each["operationId"] for each in described()} == names


def test_every_reference_leads_to_a_schema():
    schemas = DOCUMENT["components"]["schemas"]
    references = set(every("$ref", DOCUMENT))
    assert references
    assert {reference.rpartition("/")[2] for reference in references} <= set(schemas)


def test_every_name_in_braces_is_a_parameter_of_the_path():
    for path, methods in DOCUMENT["paths"].items():
        for each in methods.values():
            declared = {parameter["name"] for parameter in each["parameters"] if parameter["in"] == "path"}
            assert declared == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def test_every_error_has_the_one_shape():
    for each in described():
        for status, answer in each["responses"].items():
            if int(status) >= 400:
                assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}
    assert set(DOCUMENT["components"]["schemas"]["ErrorDetail"]["required"]) == {"code", "message"}


def test_no_server_error_is_described_but_the_database_being_away():
    statuses = {status for each in described() for status in each["responses"]}
    assert {status for status in statuses if status >= "500"} == {"503"}


def test_rule_actions_are_told_apart_by_their_type():
    action = DOCUMENT["components"]["schemas"]["RuleBody"]["properties"]["actions"]["items"]
    assert action["discriminator"]["propertyName"] == "type"
    assert len(action["anyOf"]) == len(get_args(Action))


def test_a_patch_requires_nothing_and_every_field_may_be_null():
    patch = DOCUMENT["paths"]["/kubernetes-clusters/{id}"]["patch"]["requestBody"]["content"]
    schema = patch["application/merge-patch+json"]["schema"]
    assert "required" not in schema
    assert {"type": "null"} in schema["properties"]["token"]["anyOf"]
    assert {"type": "null"} in schema["properties"]["name"]["anyOf"]


@pytest.mark.parametrize("view", ["KubernetesClusterView", "UserView"])
def test_views_have_no_field_for_a_secret(view):
    fields = set(DOCUMENT["components"]["schemas"][view]["properties"])
    assert not fields & {"token", "password", "password_hash"}
