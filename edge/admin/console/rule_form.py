"""The page rule editor's form: rows of conditions and actions that can be added, moved and removed without scripts.

Fields are named `c-0-variable`, `a-1-url`…; the pressed button's `do` says what to change (add-condition,
remove-action-1, up-action-1, refresh) or `save`.
"""

from __future__ import annotations

from typing import get_args

import msgspec
from starlette.datastructures import FormData

from edge.admin.console import action_fields
from edge.admin.console.action_fields import ACTIONS, Row
from edge.admin.console.forms import body, lines, optional
from edge.admin.views import RuleBody, RuleView
from edge.model.rule import Operator, Variable

VARIABLES: tuple[str, ...] = get_args(Variable)
OPERATORS: tuple[str, ...] = get_args(Operator)
WITH_ARGUMENT = ("query", "header", "cookie")


def condition_row() -> Row:
    return {
        "variable": "path",
        "operator": "prefix",
        "values": "",
        "argument": "",
        "negate": False,
        "ignore_case": False,
    }


class RuleForm(msgspec.Struct):
    """What the editor shows: everything as text, as it stands in its fields."""

    name: str = ""
    enabled: bool = True
    conditions: list[Row] = []
    actions: list[Row] = []

    @classmethod
    def new(cls) -> RuleForm:
        return cls(actions=[action_fields.empty("proxy")])

    @classmethod
    def of(cls, rule: RuleView) -> RuleForm:
        """The form of an existing rule."""
        conditions = []
        for condition in rule.conditions:
            row = msgspec.structs.asdict(condition)
            conditions.append(row | {"values": "\n".join(condition.values), "argument": condition.argument or ""})
        actions = [action_fields.shown(action) for action in rule.actions]
        return cls(rule.name, rule.enabled, conditions, actions)

    @classmethod
    def posted(cls, form: FormData) -> RuleForm:
        """The form as it was sent."""
        conditions = [
            {
                "variable": form.get(f"c-{index}-variable"),
                "operator": form.get(f"c-{index}-operator"),
                "values": str(form.get(f"c-{index}-values", "")),
                "argument": str(form.get(f"c-{index}-argument", "")),
                "negate": f"c-{index}-negate" in form,
                "ignore_case": f"c-{index}-ignore_case" in form,
            }
            for index in _indexes(form, "c", "variable")
        ]
        actions = []
        for index in _indexes(form, "a", "type"):
            kind = str(form.get(f"a-{index}-type"))
            sent = {key.removeprefix(f"a-{index}-"): value for key, value in form.items()}
            actions.append(action_fields.posted(kind if kind in ACTIONS else "proxy", sent))
        return cls(str(form.get("name", "")), "enabled" in form, conditions, actions)

    def change(self, do: str) -> None:
        """Apply an editing button; anything unknown changes nothing."""
        if do == "add-condition":
            self.conditions.append(condition_row())
        elif do == "add-action":
            self.actions.append(action_fields.empty("set-request-header" if self.actions else "proxy"))
        verb, _, rest = do.partition("-")
        kind, _, text = rest.partition("-")
        rows = {"condition": self.conditions, "action": self.actions}.get(kind)
        if rows is None or not text.isdigit() or int(text) >= len(rows):
            return
        index = int(text)
        if verb == "remove":
            del rows[index]
        elif verb == "up" and index > 0:
            rows[index - 1], rows[index] = rows[index], rows[index - 1]

    def body(self) -> RuleBody:
        """The API's body; Invalid names the field, such as actions[0].url."""
        conditions = [
            {**row, "values": lines(row["values"]), "argument": optional(row["argument"])} for row in self.conditions
        ]
        actions = [action_fields.read(row) for row in self.actions]
        values = {"name": self.name, "enabled": self.enabled, "conditions": conditions, "actions": actions}
        return body(RuleBody, values)


def _indexes(form: FormData, letter: str, field: str) -> list[int]:
    found = []
    for key in form:
        start, _, rest = key.partition("-")
        number, _, name = rest.partition("-")
        if start == letter and name == field and number.isdigit() and len(number) < 5:
            found.append(int(number))
    return sorted(found)
