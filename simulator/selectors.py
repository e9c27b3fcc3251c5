"""Label and field selectors: parsed once, matched against a record's index.

Grammar and messages: k8s.io/apimachinery/pkg/labels/selector.go and pkg/fields/selector.go.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from simulator.errors import bad_request
from simulator.record import Record
from simulator.resource import Object, Resource

KEY = re.compile(r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
VALUE = re.compile(r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")
REQUIREMENT = re.compile(
    r"^\s*(?:(?P<absent>!)\s*(?P<absent_key>[^\s=!,()]+)"
    r"|(?P<key>[^\s=!,()<>]+)\s*(?:(?P<operator>==|=|!=|<|>)\s*(?P<value>[^\s,()=!]*)"
    r"|\s(?P<word>in|notin)\s*\((?P<values>[^()]*)\))?)\s*$"
)


class Requirement(NamedTuple):
    key: str
    operator: str
    """``in``, ``notin``, ``exists``, ``absent``, ``less`` or ``greater``."""
    values: tuple[str, ...]

    def accepts(self, labels: dict[str, str]) -> bool:
        value = labels.get(self.key)
        if self.operator == "in":
            return value in self.values
        if self.operator == "notin":
            return value not in self.values
        if self.operator == "exists":
            return value is not None
        if self.operator == "absent":
            return value is None
        if value is None or not value.lstrip("-").isdigit():
            return False
        limit = int(self.values[0])
        return int(value) < limit if self.operator == "less" else int(value) > limit


class FieldTerm(NamedTuple):
    name: str
    equal: bool
    value: str


class Selector(NamedTuple):
    """Labels and fields together; all terms must hold."""

    labels: tuple[Requirement, ...] = ()
    fields: tuple[FieldTerm, ...] = ()

    def matches(self, record: Record) -> bool:
        return all(term.accepts(record.labels) for term in self.labels) and all(
            (record.field(term.name) == term.value) is term.equal for term in self.fields
        )

    @property
    def name(self) -> str | None:
        """The single name that a field selector asks for; watches and RBAC of one object depend on it."""
        return next((t.value for t in self.fields if t.name == "metadata.name" and t.equal), None)


def parse(resource: Resource, labels: str, fields: str) -> Selector | None:
    """The selector of a request, None when it selects everything. Raises ``ApiError`` (400)."""
    if not labels and not fields:
        return None
    return Selector(parse_labels(labels), parse_fields(resource, fields))


def parse_labels(text: str) -> tuple[Requirement, ...]:
    return tuple(_requirement(part) for part in _split(text)) if text.strip() else ()


def _split(text: str) -> list[str]:
    """At commas outside parentheses."""
    parts, depth, current = [], 0, ""
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current]


def _requirement(part: str) -> Requirement:
    found = REQUIREMENT.match(part)
    if found is None:
        raise bad_request(f"unable to parse requirement: found '{part.strip()}', expected: identifier")
    if found["absent"]:
        return Requirement(_key(found["absent_key"]), "absent", ())
    key = _key(found["key"])
    if found["word"]:
        values = tuple(_value(key, value.strip()) for value in found["values"].split(","))
        return Requirement(key, found["word"], values)
    operator = found["operator"]
    if operator is None:
        return Requirement(key, "exists", ())
    value = _value(key, found["value"])
    if operator in ("<", ">"):
        if not value.lstrip("-").isdigit():
            raise bad_request(
                f'unable to parse requirement: values[0][{key}]: Invalid value: "{value}": '
                "for 'Gt', 'Lt' operators, the value must be an integer"
            )
        return Requirement(key, "less" if operator == "<" else "greater", (value,))
    return Requirement(key, "notin" if operator == "!=" else "in", (value,))


def _key(key: str) -> str:
    if not KEY.match(key) or len(key.rpartition("/")[2]) > 63:
        why = (
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
            "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
            "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
        )
        raise bad_request(f'unable to parse requirement: key: Invalid value: "{key}": {why}')
    return key


def _value(key: str, value: str) -> str:
    if not VALUE.match(value) or len(value) > 63:
        why = (
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
            "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
            "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
        )
        raise bad_request(f'unable to parse requirement: values[0][{key}]: Invalid value: "{value}": {why}')
    return value


def parse_fields(resource: Resource, text: str) -> tuple[FieldTerm, ...]:
    terms = []
    for part in text.split(","):
        if not part:
            continue
        found = re.match(r"^([^=!]*)(==|=|!=)(.*)$", part)
        if found is None:
            raise bad_request(f"invalid field selector: '{text}'; can't understand '{part}'")
        name, operator, value = found.groups()
        if name not in ("metadata.name", "metadata.namespace") and name not in resource.selectable:
            raise _unknown_field(resource, name)
        terms.append(FieldTerm(name, operator != "!=", value))
    return tuple(terms)


def _unknown_field(resource: Resource, name: str) -> Exception:
    if resource.selectable:
        return bad_request(f"field label not supported: {name}")
    return bad_request(f'"{name}" is not a known field selector: only "metadata.name", "metadata.namespace"')


def of_label_selector(selector: Object | None) -> Selector:
    """A ``metav1.LabelSelector`` (matchLabels, matchExpressions) as a selector; None matches nothing."""
    if selector is None:
        return Selector((Requirement("", "in", ()),))
    words = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "absent"}
    terms = [Requirement(key, "in", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        operator = words.get(expression.get("operator", ""), "in")
        terms.append(Requirement(expression.get("key", ""), operator, tuple(expression.get("values") or ())))
    return Selector(tuple(terms))


def as_text(selector: Object | None) -> str:
    """A ``metav1.LabelSelector`` as kubectl prints it: ``app=web,tier in (a,b)``."""
    if not selector:
        return "<none>"
    parts = [(key, f"{key}={value}") for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        key, values = expression.get("key", ""), ",".join(sorted(expression.get("values") or ()))
        forms = {
            "In": f"{key} in ({values})",
            "NotIn": f"{key} notin ({values})",
            "Exists": key,
            "DoesNotExist": f"!{key}",
        }
        parts.append((key, forms.get(expression.get("operator", ""), key)))
    return ",".join(text for _, text in sorted(parts)) or "<none>"
