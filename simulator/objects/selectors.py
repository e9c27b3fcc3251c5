"""Label and field selectors: parsed once, matched against a record's index.

What label selectors look like is in `label_parser`; field selectors: k8s.io/apimachinery/pkg/fields/selector.go.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from simulator.errors import bad_request
from simulator.objects import label_parser
from simulator.objects.record import Record
from simulator.objects.resource import Object, Resource


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
    return tuple(Requirement(*parsed) for parsed in label_parser.parse(text))


def parse_fields(resource: Resource, text: str) -> tuple[FieldTerm, ...]:
    terms = []
    for part in text.split(","):
        if not part:
            continue
        found = re.match(r"^([^=!]*)(==|=|!=)(.*)$", part)
        if found is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
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
