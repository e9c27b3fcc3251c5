"""Stored answers of an application: what was taken out of its gateways' caches, and taking more out."""

from __future__ import annotations

from starlette.responses import Response

from edge.admin.console import applications
from edge.admin.console.forms import Errors, body
from edge.admin.console.paging import everything
from edge.admin.console.visit import Visit
from edge.admin.errors import AdminError
from edge.admin.views import PurgeBody
from edge.model.actions import Cache


async def show(visit: Visit, values: dict[str, str] | None = None, errors: Errors | None = None) -> Response:
    application, errors = await applications.current(visit), errors or Errors()
    rules = await everything(lambda limit, after: visit.admin.rules.list(visit.actor, application.id, limit, after))
    return visit.page(
        "stored_answers.html",
        status=errors.status,
        watch=applications.watch(application),
        application=application,
        stores=any(isinstance(action, Cache) for rule in rules for action in rule.actions),
        purges=(await visit.admin.purges.list(visit.actor, application.id)).items,
        values=values or {"what": "url", "text": ""},
        errors=errors,
    )


async def purge(visit: Visit) -> Response:
    form = await visit.form()
    what = "prefix" if form.get("what") == "prefix" else "url"
    values = {"what": what, "text": str(form.get("text", "")).strip()}
    application = visit.path("application")
    try:
        await visit.admin.purges.create(visit.actor, application, body(PurgeBody, {what: values["text"]}))
    except AdminError as error:
        return await show(visit, values, Errors(error))
    return visit.redirect(f"/applications/{application}/stored-answers", "Its gateways were told to take it out.")
