"""Page rules of an application's draft, in order."""

from __future__ import annotations

import builtins
from collections.abc import Callable

import msgspec
from sqlalchemy.orm import Session

from edge.admin.actor import Actor
from edge.admin.applications import keys
from edge.admin.drafts import drafting, rule_secrets
from edge.admin.drafts.wording import rule_view
from edge.admin.errors import Invalid, NotFound
from edge.admin.finding import shown
from edge.admin.service import LIMIT, Service, page_of_tuple
from edge.admin.views import Page, RuleBody, RuleView
from edge.model.document import ApplicationDocument
from edge.model.rule import Rule
from edge.rules import limits
from edge.rules.validate import problems
from edge.sealing import ApplicationCipher


class Rules(Service):
    """Page rules. Reading needs viewer, editing editor; every edit is a pending change."""

    body = RuleBody

    async def list(
        self, actor: Actor, application: str, limit: int = LIMIT, after: str | None = None
    ) -> Page[RuleView]:
        actor.require("viewer", "read page rules")
        draft = await self._draft(application)
        return page_of_tuple(draft.rules, limit, after, lambda rule: rule_view(rule, draft))

    async def get(self, actor: Actor, application: str, id: str) -> RuleView:
        actor.require("viewer", "read page rules")
        draft = await self._draft(application)
        return rule_view(find_rule(draft, id), draft)

    async def create(self, actor: Actor, application: str, body: RuleBody) -> RuleView:
        """Add a rule at position `order`, or last. Invalid names the field, such as actions[0].url."""
        actor.require("editor", "edit page rules")
        id = self._admin.new_id()
        body = await self._without_secrets(body)

        def edit(session: Session, draft: ApplicationDocument) -> ApplicationDocument:
            if len(draft.rules) >= limits.RULES:
                raise Invalid(f"an application has at most {limits.RULES} page rules")
            rule = _written(draft, id, body, self._cipher(session, application))
            return _placed(draft.rules, rule, body.order, draft)

        draft = await self._admin.carry(self._admin.edit(actor, application, edit, "add a page rule to"))
        return rule_view(find_rule(draft, id), draft)

    async def replace(
        self, actor: Actor, application: str, id: str, body: RuleBody, if_match: str | None = None
    ) -> RuleView:
        """Without `order` it keeps its place; secrets that are left out stay as they are."""
        actor.require("editor", "edit page rules")
        body = await self._without_secrets(body)

        def edit(session: Session, draft: ApplicationDocument) -> ApplicationDocument:
            stored = find_rule(draft, id)
            old = rule_view(stored, draft)
            self.match(old, if_match)
            others = tuple(rule for rule in draft.rules if rule.id != id)
            order = old.order if body.order is None else body.order
            rule = _written(draft, id, body, self._cipher(session, application), stored)
            return _placed(others, rule, order, draft)

        draft = await self._admin.carry(self._admin.edit(actor, application, edit, "change a page rule of"))
        return rule_view(find_rule(draft, id), draft)

    async def delete(self, actor: Actor, application: str, id: str) -> None:
        actor.require("editor", "edit page rules")

        def edit(session: Session, draft: ApplicationDocument) -> ApplicationDocument:
            gone = find_rule(draft, id)
            return msgspec.structs.replace(draft, rules=tuple(rule for rule in draft.rules if rule is not gone))

        await self._admin.carry(self._admin.edit(actor, application, edit, "delete a page rule of"))

    async def reorder(self, actor: Actor, application: str, ids: builtins.list[str]) -> Page[RuleView]:
        """Put the rules in the order of `ids`, which names each of them once; Invalid(field="ids") otherwise."""
        actor.require("editor", "edit page rules")

        def edit(session: Session, draft: ApplicationDocument) -> ApplicationDocument:
            by_id = {rule.id: rule for rule in draft.rules}
            for index, id in enumerate(ids):
                if id not in by_id:
                    raise Invalid(f'application "{draft.name}" has no page rule {shown(id)}', f"ids[{index}]")
            if len(ids) != len(by_id) or len(dict.fromkeys(ids)) != len(ids):
                raise Invalid(f"ids must name each of the {len(by_id)} page rules once", "ids")
            return msgspec.structs.replace(draft, rules=tuple(by_id[id] for id in ids))

        draft = await self._admin.carry(self._admin.edit(actor, application, edit, "order the page rules of"))
        return Page([rule_view(rule, draft) for rule in draft.rules])

    def _cipher(self, session: Session, application: str) -> Callable[[], ApplicationCipher]:
        return lambda: keys.cipher_of(session, application, self._admin.sealer, self._admin.random)

    async def _without_secrets(self, body: RuleBody) -> RuleBody:
        actions = await rule_secrets.hashed(body.actions, self._admin.hash, self._admin.random)
        return msgspec.structs.replace(body, actions=actions)

    async def _draft(self, application: str) -> ApplicationDocument:
        _, draft = await self._work(lambda session: drafting.load(session, application))
        return draft


def find_rule(draft: ApplicationDocument, id: str) -> Rule:
    """The draft's rule with this id; raises NotFound."""
    for rule in draft.rules:
        if rule.id == id:
            return rule
    raise NotFound(f'application "{draft.name}" has no page rule {shown(id)}')


def _written(
    draft: ApplicationDocument,
    id: str,
    body: RuleBody,
    cipher: Callable[[], ApplicationCipher],
    stored: Rule | None = None,
) -> Rule:
    sealed = rule_secrets.sealed(body.actions, cipher)
    rule = Rule(
        id=id,
        name=body.name.strip(),
        enabled=body.enabled,
        conditions=tuple(body.conditions),
        actions=tuple(rule_secrets.kept(sealed, () if stored is None else stored.actions)),
    )
    found = problems(rule, [upstream.id for upstream in draft.upstreams])
    if found:
        raise Invalid(found[0].message, found[0].field)
    rule_secrets.check(rule.actions, cipher)
    return rule


def _placed(others: tuple[Rule, ...], rule: Rule, order: int | None, draft: ApplicationDocument) -> ApplicationDocument:
    place = len(others) if order is None else min(order, len(others))
    return msgspec.structs.replace(draft, rules=(*others[:place], rule, *others[place:]))
