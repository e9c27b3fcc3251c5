"""The page rule editor's form: rows of conditions and actions that can be added, moved and removed without scripts.

Fields are named `c-0-variable`, `a-1-url`…; the pressed button's `do` says what to change (add-condition,
remove-action-1, up-action-1, refresh) or `save`.
"""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from starlette.datastructures import FormData

from edge.admin.console.forms import body, lines, optional
from edge.admin.views import RuleBody, RuleView
from edge.model.rule import Operator, Variable

VARIABLES: tuple[str, ...] = get_args(Variable)
OPERATORS: tuple[str, ...] = get_args(Operator)
WITH_ARGUMENT = ("query", "header", "cookie")

# action → its fields: (name, label, kind, hint)
ACTIONS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "proxy": (("upstream", "Upstream", "upstream", ""),),
    "redirect": (
        ("url", "URL", "text", "https://${host}${path}"),
        ("status", "Status", "number", "301, 302, 303, 307 or 308"),
    ),
    "respond": (
        ("status", "Status", "number", "200"),
        ("body", "Body", "area", ""),
        ("content_type", "Content type", "text", "text/plain"),
    ),
    "rewrite-path": (
        ("prefix", "Prefix", "text", "/a"),
        ("matches", "or regular expression", "text", "^/v(\\d+)/"),
        ("with", "Replace with", "text", "/$1/"),
    ),
    "set-request-header": (("name", "Header", "text", "X-Name"), ("value", "Value", "text", "${client-address}")),
    "remove-request-header": (("name", "Header", "text", "X-Name"),),
    "set-response-header": (("name", "Header", "text", "X-Name"), ("value", "Value", "text", "${request-id}")),
    "remove-response-header": (("name", "Header", "text", "Server"),),
}
_DEFAULTS = {"status": {"redirect": "302", "respond": "200"}, "content_type": {"respond": "text/plain"}}

Row = dict[str, Any]


def condition_row() -> Row:
    return {
        "variable": "path",
        "operator": "prefix",
        "values": "",
        "argument": "",
        "negate": False,
        "ignore_case": False,
    }


def action_row(kind: str = "proxy") -> Row:
    return {"type": kind} | {name: _DEFAULTS.get(name, {}).get(kind, "") for name, *_ in ACTIONS[kind]}


class RuleForm(msgspec.Struct):
    """What the editor shows: everything as text, as it stands in its fields."""

    name: str = ""
    enabled: bool = True
    conditions: list[Row] = []
    actions: list[Row] = []

    @classmethod
    def new(cls) -> RuleForm:
        return cls(actions=[action_row()])

    @classmethod
    def of(cls, rule: RuleView) -> RuleForm:
        """The form of an existing rule."""
        conditions = []
        for condition in rule.conditions:
            row = msgspec.structs.asdict(condition)
            conditions.append(row | {"values": "\n".join(condition.values), "argument": condition.argument or ""})
        actions = [
            {name: "" if value is None else value for name, value in msgspec.to_builtins(action).items()}
            for action in rule.actions
        ]
        return cls(rule.name, rule.enabled, conditions, [action_row(row["type"]) | row for row in actions])

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
            row = action_row(kind if kind in ACTIONS else "proxy")
            for name in list(row)[1:]:
                row[name] = str(form.get(f"a-{index}-{name}", row[name]))
            actions.append(row)
        return cls(str(form.get("name", "")), "enabled" in form, conditions, actions)

    def change(self, do: str) -> None:
        """Apply an editing button; anything unknown changes nothing."""
        if do == "add-condition":
            self.conditions.append(condition_row())
        elif do == "add-action":
            self.actions.append(action_row("set-request-header" if self.actions else "proxy"))
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
        actions = [self._action(row) for row in self.actions]
        values = {"name": self.name, "enabled": self.enabled, "conditions": conditions, "actions": actions}
        return body(RuleBody, values)

    @staticmethod
    def _action(row: Row) -> Row:
        if row["type"] != "rewrite-path":
            return row
        return row | {"prefix": optional(row["prefix"]), "matches": optional(row["matches"])}


def _indexes(form: FormData, letter: str, field: str) -> list[int]:
    found = []
    for key in form:
        start, _, rest = key.partition("-")
        number, _, name = rest.partition("-")
        if start == letter and name == field and number.isdigit() and len(number) < 5:
            found.append(int(number))
    return sorted(found)
