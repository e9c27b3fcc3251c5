import pytest

from edge.admin.console.forms import Errors, body, lines, optional, pem
from edge.admin.errors import Invalid
from edge.admin.views import PartitionBody


def test_an_empty_name_is_refused_at_its_field():
    with pytest.raises(Invalid) as refused:
        body(PartitionBody, {"name": ""})
    assert refused.value.field == "name"


def test_an_error_is_shown_at_its_field_and_at_what_holds_it():
    errors = Errors(Invalid("expected a URL", "actions[1].url"))
    assert errors.at("actions[1].url") == "expected a URL"
    assert errors.at("actions[1]") == "expected a URL"
    assert errors.at("actions[10]", "actions[0]", "action") == ""


def test_empty_fields_are_absent_and_empty_lines_are_none():
    assert optional("  ") is None
    assert lines(" a \n\n b\r\n") == ["a", "b"]


def test_pem_ends_as_files_do():
    assert pem(" a\nb ") == "a\nb\n"
    assert pem(" \n") == pem(None) == ""
