"""The page rule editor's form: rows of conditions and actions that can be added, moved and removed without scripts.

Fields are named `c-0-variable`, `a-1-url`…; the pressed button's `do` says what to change (add-condition,
remove-action-1, up-action-1, refresh) or `save`. A group of plain conditions has `c-2-group` and rows like
`c-2-m-0-variable`; deeper groups, and values that cannot be typed one on each line, are not edited here, but go through
the form as JSON in `c-2-kept`, and so stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import msgspec
from starlette.datastructures import FormData

from edge.admin.console import action_fields
from edge.admin.console.action_fields import ACTIONS, Row
from edge.admin.console.forms import body, lines, optional
from edge.admin.drafts.wording import condition_text
from edge.admin.views import RuleBody, RuleView
from edge.model.rule import Condition, Operator, Variable

VARIABLES: tuple[str, ...] = get_args(Variable)
OPERATORS: tuple[str, ...] = get_args(Operator)
WITH_ARGUMENT = ("query", "header", "cookie")
WITHOUT_VALUES = ("exists", "is-empty")
GROUPS = {"any": "any of", "all": "all of", "none": "none of"}
"""Kinds of groups that the editor edits; `none` is not any."""
_PLAIN = ("variable", "operator", "values", "argument", "negate", "ignore_case")


def condition_row() -> Row:
    return {
        "variable": "path",
        "operator": "prefix",
        "values": "",
        "argument": "",
        "negate": False,
        "ignore_case": False,
    }


def group_row() -> Row:
    return {"group": "any", "members": [condition_row()]}


def _fits_lines(condition: Condition) -> bool:
    """Whether its values can be typed one on each line: spaces around them would be lost, empty ones left out."""
    return all(value and value == value.strip() and len(value.splitlines()) == 1 for value in condition.values)


def _kept_row(condition: Condition) -> Row:
    return {"kept": msgspec.json.encode(condition).decode(), "text": condition_text(condition)}


def member_place(number: int, group: str, member: int) -> str:
    """What the API calls a condition inside a group in its messages."""
    return f"conditions[{number}].{'not.any' if group == 'none' else group}[{member}]"


def _shown(condition: Condition) -> Row:
    """A condition's row; that of a group has its members' rows."""
    if not condition.is_group and _fits_lines(condition):
        row = {name: getattr(condition, name) for name in _PLAIN}
        return row | {"values": "\n".join(condition.values), "argument": condition.argument or ""}
    if not condition.is_group:
        return _kept_row(condition)
    kind, members = "any" if condition.any_of else "all", condition.members
    if condition.not_ is not None:
        kind, members = "none", condition.not_.any_of
    if not members or any(member.is_group or not _fits_lines(member) for member in members):
        return _kept_row(condition)
    return {"group": kind, "members": [_shown(member) for member in members]}


def _posted(form: FormData, prefix: str) -> Row:
    """The row whose fields begin with `prefix`."""
    if f"{prefix}-kept" in form:
        return _kept(str(form[f"{prefix}-kept"]))
    if f"{prefix}-group" in form:
        members = [_posted(form, f"{prefix}-m-{index}") for index in _indexes(form, f"{prefix}-m", ("variable",))]
        kind = str(form[f"{prefix}-group"])
        return {"group": kind if kind in GROUPS else "any", "members": members}
    return {
        "variable": form.get(f"{prefix}-variable"),
        "operator": form.get(f"{prefix}-operator"),
        "values": str(form.get(f"{prefix}-values", "")),
        "argument": str(form.get(f"{prefix}-argument", "")),
        "negate": f"{prefix}-negate" in form,
        "ignore_case": f"{prefix}-ignore_case" in form,
    }


def _kept(text: str) -> Row:
    try:
        return {"kept": text, "text": condition_text(msgspec.json.decode(text, type=Condition))}
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return {"kept": "{}", "text": "a group that cannot be read"}


def _read(row: Mapping[str, Any]) -> Any:
    """What the API takes."""
    if "kept" in row:
        return msgspec.json.decode(row["kept"])
    if "group" in row:
        members = [_read(member) for member in row["members"]]
        return {"not": {"any": members}} if row["group"] == "none" else {row["group"]: members}
    return {**row, "values": lines(row["values"]), "argument": optional(row["argument"])}


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
        conditions = [_shown(condition) for condition in rule.conditions]
        actions = [action_fields.shown(action) for action in rule.actions]
        return cls(rule.name, rule.enabled, conditions, actions)

    @classmethod
    def posted(cls, form: FormData) -> RuleForm:
        """The form as it was sent."""
        conditions = [_posted(form, f"c-{index}") for index in _indexes(form, "c", ("variable", "group", "kept"))]
        actions = []
        for index in _indexes(form, "a", ("type",)):
            kind = str(form.get(f"a-{index}-type"))
            sent = {key.removeprefix(f"a-{index}-"): value for key, value in form.items()}
            actions.append(action_fields.posted(kind if kind in ACTIONS else "proxy", sent))
        return cls(str(form.get("name", "")), "enabled" in form, conditions, actions)

    def change(self, do: str) -> None:
        """Apply an editing button; anything unknown changes nothing."""
        if do == "add-condition":
            self.conditions.append(condition_row())
        elif do == "add-group":
            self.conditions.append(group_row())
        elif do == "add-action":
            self.actions.append(action_fields.empty("set-request-header" if self.actions else "proxy"))
        verb, _, rest = do.partition("-")
        kind, _, text = rest.partition("-")
        if kind == "member":
            self._change_group(verb, *text.partition("-")[::2])
        rows = {"condition": self.conditions, "action": self.actions}.get(kind)
        if rows is None or not text.isdigit() or int(text) >= len(rows):
            return
        index = int(text)
        if verb == "remove":
            del rows[index]
        elif verb == "up" and index > 0:
            rows[index - 1], rows[index] = rows[index], rows[index - 1]

    def _change_group(self, verb: str, group: str, member: str) -> None:
        if not group.isdecimal() or int(group) >= len(self.conditions):
            return
        members = self.conditions[int(group)].get("members")
        if members is None:
            return
        if verb == "add":
            members.append(condition_row())
        elif verb == "remove" and member.isdecimal() and int(member) < len(members):
            del members[int(member)]

    def body(self) -> RuleBody:
        """The API's body; Invalid names the field, such as actions[0].url."""
        conditions = [_read(row) for row in self.conditions]
        actions = [action_fields.read(row) for row in self.actions]
        values = {"name": self.name, "enabled": self.enabled, "conditions": conditions, "actions": actions}
        return body(RuleBody, values)


def _indexes(form: FormData, start: str, fields: tuple[str, ...]) -> list[int]:
    """The numbers of rows whose fields begin with `start` and which have one of `fields`."""
    found: dict[int, None] = {}
    for key in form:
        number, _, name = key.removeprefix(f"{start}-").partition("-")
        if key.startswith(f"{start}-") and name in fields and number.isdecimal() and len(number) < 5:
            found[int(number)] = None
    return sorted(found)
