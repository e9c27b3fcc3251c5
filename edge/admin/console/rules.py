"""Page rules of an application: their order, switching them on and off, and the editor."""

from __future__ import annotations

from starlette.responses import Response

from edge.admin.console import action_fields, applications, rule_form
from edge.admin.console.forms import Errors, version
from edge.admin.console.paging import asked, everything
from edge.admin.console.rule_form import RuleForm
from edge.admin.console.visit import Visit
from edge.admin.errors import AdminError
from edge.admin.views import RuleBody, RuleView


async def _upstreams(visit: Visit, application: str) -> dict[str, str]:
    page = await visit.admin.upstreams.list(visit.actor, application, limit=1000)
    return {upstream.id: upstream.name for upstream in page.items}


async def index(visit: Visit, errors: Errors | None = None) -> Response:
    application, errors = await applications.current(visit), errors or Errors()
    page = await asked(visit, lambda limit, after: visit.admin.rules.list(visit.actor, application.id, limit, after))
    return visit.page(
        "rules.html",
        status=errors.status,
        watch=applications.watch(application),
        application=application,
        rules=page.items,
        next=page.next,
        upstreams=await _upstreams(visit, application.id),
        errors=errors,
    )


async def _editor(
    visit: Visit,
    form: RuleForm,
    rule: RuleView | None = None,
    errors: Errors | None = None,
    sent: str | None = None,
) -> Response:
    application, errors = await applications.current(visit), errors or Errors()
    return visit.page(
        "rule.html",
        status=errors.status,
        application=application,
        rule=rule,
        version=errors.version(visit.admin.rules.etag(rule), sent) if rule is not None else "",
        form=form,
        upstreams=await _upstreams(visit, application.id),
        errors=errors,
        variables=rule_form.VARIABLES,
        operators=rule_form.OPERATORS,
        with_argument=rule_form.WITH_ARGUMENT,
        without_values=rule_form.WITHOUT_VALUES,
        groups=rule_form.GROUPS,
        action_kinds=action_fields.ACTIONS,
        split=action_fields.is_split,
        changed=action_fields.has_more,
        fields_of=action_fields.places,
        place_of=rule_form.member_place,
    )


async def new(visit: Visit) -> Response:
    return await _editor(visit, RuleForm.new())


async def create(visit: Visit) -> Response:
    posted = await visit.form()
    form, do = RuleForm.posted(posted), str(posted.get("do", "save"))
    if do != "save":
        form.change(do)
        return await _editor(visit, form)
    try:
        await visit.admin.rules.create(visit.actor, visit.path("application"), form.body())
    except AdminError as error:
        return await _editor(visit, form, errors=Errors(error))
    return visit.redirect(f"/applications/{visit.path('application')}/rules", "Saved as a pending change.")


async def edit(visit: Visit) -> Response:
    rule = await visit.admin.rules.get(visit.actor, visit.path("application"), visit.path("id"))
    return await _editor(visit, RuleForm.of(rule), rule)


async def save(visit: Visit) -> Response:
    application, id, posted = visit.path("application"), visit.path("id"), await visit.form()
    rule = await visit.admin.rules.get(visit.actor, application, id)
    form, do, sent = RuleForm.posted(posted), str(posted.get("do", "save")), version(posted)
    if do != "save":
        form.change(do)
        return await _editor(visit, form, rule, sent=sent)
    try:
        await visit.admin.rules.replace(visit.actor, application, id, form.body(), sent)
    except AdminError as error:
        return await _editor(visit, form, rule, Errors(error), sent)
    return visit.redirect(f"/applications/{application}/rules", "Saved as a pending change.")


async def delete(visit: Visit) -> Response:
    application = visit.path("application")
    await visit.admin.rules.delete(visit.actor, application, visit.path("id"))
    return visit.redirect(f"/applications/{application}/rules", "Deleted as a pending change.")


async def toggle(visit: Visit) -> Response:
    """Enable a disabled rule, disable an enabled one."""
    application, id = visit.path("application"), visit.path("id")
    rule = await visit.admin.rules.get(visit.actor, application, id)
    changed = RuleBody(name=rule.name, enabled=not rule.enabled, conditions=rule.conditions, actions=rule.actions)
    try:
        await visit.admin.rules.replace(visit.actor, application, id, changed, visit.admin.rules.etag(rule))
    except AdminError as error:
        return await index(visit, Errors(error))
    return visit.redirect(f"/applications/{application}/rules")


async def move(visit: Visit) -> Response:
    """Move a rule one place up or down; at the end of the list nothing moves."""
    application, id = visit.path("application"), visit.path("id")
    step = -1 if (await visit.form()).get("to") == "up" else 1
    rules = await everything(lambda limit, after: visit.admin.rules.list(visit.actor, application, limit, after))
    ids = [rule.id for rule in rules]
    if id in ids and 0 <= (place := ids.index(id)) + step < len(ids):
        ids[place], ids[place + step] = ids[place + step], ids[place]
        await visit.admin.rules.reorder(visit.actor, application, ids)
    return visit.redirect(f"/applications/{application}/rules")
