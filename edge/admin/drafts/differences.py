"""What a draft changes: two documents in, pending changes out. Pure.

A *thing* is what can change by itself and be undone by itself: one of SETTINGS ("name", "domains" …), one
"upstream:ID", one "rule:ID", and "order" (of the rules that both documents have). A pending change is a thing that
differs between the released document and the draft; editing a thing back makes its change disappear.

Undoing restores one thing to what was released. It is refused when the draft would then name what it does not have:
a rule needs the upstreams it proxies to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from edge.model.actions import upstreams_named
from edge.model.document import ApplicationDocument
from edge.model.rule import Rule
from edge.model.upstream import Upstream

Item = TypeVar("Item", bound=Rule | Upstream)

SETTINGS = ("name", "domains", "partitions", "default", "certificates", "client_certificates")


class Needed(Exception):
    """A thing cannot be undone because the things in `by` need it."""

    def __init__(self, by: Sequence[str]) -> None:
        super().__init__(*by)
        self.by = tuple(by)


def unreleased(draft: ApplicationDocument) -> ApplicationDocument:
    """What a draft is compared with before its first release: an application of its name with nothing in it."""
    return ApplicationDocument(id=draft.id, name=draft.name)


def things(released: ApplicationDocument, draft: ApplicationDocument) -> list[str]:
    """The things that differ, settings first, then upstreams, rules and their order."""
    found = [name for name in SETTINGS if getattr(released, name) != getattr(draft, name)]
    found += [f"upstream:{id}" for id in _differing(released.upstreams, draft.upstreams)]
    found += [f"rule:{id}" for id in _differing(released.rules, draft.rules)]
    if _common_order(released, draft) != _common_order(draft, released):
        found.append("order")
    return found


def _differing(before: Sequence[Item], after: Sequence[Item]) -> list[str]:
    old = {item.id: item for item in before}
    new = {item.id: item for item in after}
    return [id for id in dict.fromkeys([*old, *new]) if old.get(id) != new.get(id)]


def _common_order(document: ApplicationDocument, other: ApplicationDocument) -> list[str]:
    known = {rule.id for rule in other.rules}
    return [rule.id for rule in document.rules if rule.id in known]


def targets(rule: Rule) -> list[str]:
    """The ids of the upstreams that a rule sends requests, or copies of them, to."""
    return [upstream for action in rule.actions for upstream in upstreams_named(action)]


def users_of(document: ApplicationDocument, upstream: str) -> list[Rule]:
    """The rules that send requests to an upstream."""
    return [rule for rule in document.rules if upstream in targets(rule)]


def undo(released: ApplicationDocument, draft: ApplicationDocument, thing: str) -> ApplicationDocument:
    """The draft with one thing as it was released. Raises Needed."""
    if thing in SETTINGS:
        return msgspec.structs.replace(draft, **{thing: getattr(released, thing)})
    if thing == "order":
        return msgspec.structs.replace(draft, rules=_reordered(released, draft))
    kind, id = thing.split(":", 1)
    if kind == "upstream":
        return _undo_upstream(released, draft, id)
    return _undo_rule(released, draft, id)


def _undo_upstream(released: ApplicationDocument, draft: ApplicationDocument, id: str) -> ApplicationDocument:
    upstreams = _restored(released.upstreams, draft.upstreams, id)
    if id not in {upstream.id for upstream in upstreams} and (users := users_of(draft, id)):
        raise Needed([f"rule:{rule.id}" for rule in users])
    return msgspec.structs.replace(draft, upstreams=upstreams)


def _undo_rule(released: ApplicationDocument, draft: ApplicationDocument, id: str) -> ApplicationDocument:
    rules = _restored(released.rules, draft.rules, id)
    existing = {upstream.id for upstream in draft.upstreams}
    lacking = [target for rule in rules if rule.id == id for target in targets(rule) if target not in existing]
    if lacking:
        raise Needed([f"upstream:{target}" for target in lacking])
    return msgspec.structs.replace(draft, rules=rules)


def _restored(released: Sequence[Item], draft: Sequence[Item], id: str) -> tuple[Item, ...]:
    """`draft` with the item of this id as released: gone, as it was, or back behind the nearest item before it."""
    old = next((item for item in released if item.id == id), None)
    if old is None:
        return tuple(item for item in draft if item.id != id)
    if any(item.id == id for item in draft):
        return tuple(old if item.id == id else item for item in draft)
    here = {item.id: place for place, item in enumerate(draft)}
    before = [here[item.id] + 1 for item in released[: released.index(old)] if item.id in here]
    place = before[-1] if before else 0
    return (*draft[:place], old, *draft[place:])


def _reordered(released: ApplicationDocument, draft: ApplicationDocument) -> tuple[Rule, ...]:
    """The draft's rules, where those that both have take each other's places until they stand as released."""
    by_id = {rule.id: rule for rule in draft.rules}
    common = iter(_common_order(released, draft))
    known = {rule.id for rule in released.rules}
    return tuple(by_id[next(common)] if rule.id in known else rule for rule in draft.rules)


def shared_names(document: ApplicationDocument) -> list[str]:
    """Names that more than one upstream has."""
    names = [upstream.name for upstream in document.upstreams]
    return [name for name in dict.fromkeys(names) if names.count(name) > 1]
