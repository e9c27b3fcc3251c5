import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from edge.admin.console import action_fields
from edge.admin.console.rule_form import RuleForm, condition_row, group_row
from edge.admin.errors import Invalid
from edge.admin.views import RuleView
from edge.model.actions import Proxy, RewritePath
from edge.model.rule import Condition, Rule
from edge.rules.validate import problems

CONDITION = {"c-0-variable": "header", "c-0-argument": "x-team", "c-0-operator": "equals", "c-0-values": "a\nb\n"}


PLAIN = (Condition("method", "equals", ("GET",)), Condition("header", "exists", argument="x-a", negate=True))
CONDITIONS = [
    Condition(any_of=PLAIN),
    Condition(all_of=PLAIN),
    Condition(not_=Condition(any_of=PLAIN)),
    Condition(not_=PLAIN[0]),
    Condition(any_of=(PLAIN[0], Condition(all_of=PLAIN))),
    Condition(any_of=(PLAIN[0], Condition("user-agent", "contains", (" bot ",)))),
    *(Condition("query", "equals", values, "q") for values in (("",), ("a", " b"), ("a\nb",), ("a b", "c"))),
]


def sent(rows, start="c"):
    """The fields that a browser sends of what the editor shows."""
    fields = {}
    for index, row in enumerate(rows):
        for name, value in row.items():
            if name == "members":
                fields |= sent(value, f"{start}-{index}-m")
            elif value not in (False, None):
                fields[f"{start}-{index}-{name}"] = value
    return fields


def test_conditions_survive_being_shown_and_sent_back():
    rule = RuleView(id="r", name="n", enabled=True, conditions=CONDITIONS, actions=[Proxy("u1")], order=0)
    shown = RuleForm.of(rule)
    assert [row.get("group") for row in shown.conditions] == ["any", "all", "none", *[None] * 7]
    assert ["kept" in row for row in shown.conditions] == [False] * 3 + [True] * 6 + [False]
    form = FormData({**sent(shown.conditions), "a-0-type": "proxy", "a-0-upstream": "u1"})
    assert RuleForm.posted(form).conditions == shown.conditions
    assert RuleForm.posted(form).body().conditions == CONDITIONS


def test_a_group_s_rows_are_added_and_removed():
    form = RuleForm.new()
    form.change("add-group")
    form.change("add-member-0")
    assert form.conditions == [group_row() | {"members": [condition_row(), condition_row()]}]
    for do in ("remove-member-0-0", "remove-member-0-7", "remove-member-3-0", "add-member-", "up-condition-0"):
        form.change(do)
    assert form.conditions == [group_row()]
    form.change("remove-condition-0")
    assert form.conditions == []


def test_a_kept_group_that_was_tampered_with_becomes_one_that_is_refused():
    for text in ("{", "[]", '{"any": 1}', "[" * 100_000, '{"not":' * 100_000):
        body = RuleForm.posted(FormData({"c-0-kept": text, "a-0-type": "respond"})).body()
        assert body.conditions == [Condition()]
        assert problems(Rule("r", conditions=tuple(body.conditions), actions=(Proxy("u"),)), ["u"]) != []


def test_what_was_posted_becomes_the_api_s_body():
    form = FormData({"name": "n", "enabled": "on", **CONDITION, "a-0-type": "proxy", "a-0-upstream": "u1"})
    body = RuleForm.posted(form).body()
    assert body.conditions == [Condition(variable="header", operator="equals", values=("a", "b"), argument="x-team")]
    assert body.actions == [Proxy("u1")]
    assert body.enabled


def test_a_rule_survives_being_shown_and_sent_back():
    rule = RuleView(
        id="r",
        name="n",
        enabled=False,
        conditions=[Condition("path", "prefix", ("/a", "/b"), negate=True, ignore_case=True), *CONDITIONS],
        actions=[RewritePath("/", prefix="/a"), Proxy("u1")],
        order=0,
    )
    body = RuleForm.of(rule).body()
    assert (body.conditions, body.actions, body.enabled) == (rule.conditions, rule.actions, False)


def test_an_unknown_variable_is_refused_at_its_field():
    form = FormData({**CONDITION, "c-0-variable": "colour", "a-0-type": "respond", "a-0-status": "200"})
    with pytest.raises(Invalid) as refused:
        RuleForm.posted(form).body()
    assert refused.value.field == "conditions[0].variable"


def test_rows_are_added_removed_and_moved():
    form = RuleForm.new()
    form.change("add-condition")
    form.change("add-action")
    assert (form.conditions, len(form.actions)) == ([condition_row()], 2)
    form.change("up-action-1")
    assert [row["type"] for row in form.actions] == ["set-request-header", "proxy"]
    form.change("remove-action-0")
    form.change("remove-condition-0")
    assert (form.conditions, form.actions) == ([], [action_fields.empty("proxy")])


@given(st.text())
def test_an_unknown_button_changes_nothing_and_never_fails(do):
    form = RuleForm.new()
    if do not in ("add-condition", "add-group", "add-action", "remove-action-0"):
        form.change(do)
        assert form == RuleForm.new()


@given(
    st.dictionaries(
        st.from_regex(r"\A[ac]-\d{1,5}-(m-\d{1,5}-)?(variable|type|url|values|group|kept)\Z"), st.text(max_size=5)
    )
)
def test_whatever_is_posted_is_a_form_or_a_refusal(fields):
    try:
        RuleForm.posted(FormData(fields)).body()
    except Invalid:
        pass
