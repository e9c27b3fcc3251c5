"""Pending changes, releasing them, watching a release reach every gateway server, and going back."""

from __future__ import annotations

from starlette.responses import Response

from edge.admin.console import applications
from edge.admin.console.forms import Errors, body
from edge.admin.console.paging import asked
from edge.admin.console.visit import Visit
from edge.admin.errors import AdminError
from edge.admin.views import ReleaseBody


async def changes(visit: Visit, comment: str = "", errors: Errors | None = None) -> Response:
    application, errors = await applications.current(visit), errors or Errors()
    page = await asked(visit, lambda limit, after: visit.admin.changes.list(visit.actor, application.id, limit, after))
    return visit.page(
        "changes.html",
        status=errors.status,
        watch=applications.watch(application),
        application=application,
        changes=page.items,
        next=page.next,
        comment=comment,
        errors=errors,
    )


async def discard(visit: Visit) -> Response:
    """Discard the change that `id` names, or all."""
    application, form = visit.path("application"), await visit.form()
    try:
        if id := form.get("id"):
            await visit.admin.changes.discard(visit.actor, application, str(id))
        else:
            await visit.admin.changes.discard_all(visit.actor, application)
    except AdminError as error:
        return await changes(visit, errors=Errors(error))
    return visit.redirect(f"/applications/{application}/changes", "Discarded.")


async def release(visit: Visit) -> Response:
    application, comment = visit.path("application"), str((await visit.form()).get("comment", ""))
    try:
        made = await visit.admin.releases.create(visit.actor, application, body(ReleaseBody, {"comment": comment}))
    except AdminError as error:
        return await changes(visit, comment, Errors(error))
    return visit.redirect(f"/applications/{application}/releases/{made.version}")


async def index(visit: Visit) -> Response:
    application = await applications.current(visit)
    page = await visit.admin.releases.list(
        visit.actor, application.id, limit=50, after=visit.request.query_params.get("after")
    )
    return visit.page(
        "releases.html",
        watch=(*applications.watch(application), "gateway-server"),
        application=application,
        releases=page.items,
        next=page.next,
    )


async def show(visit: Visit, errors: Errors | None = None) -> Response:
    application, errors = await applications.current(visit), errors or Errors()
    return visit.page(
        "release.html",
        status=errors.status,
        watch=(*applications.watch(application), "gateway-server"),
        application=application,
        release=await visit.admin.releases.get(visit.actor, application.id, visit.number("version")),
        errors=errors,
    )


async def rollback(visit: Visit) -> Response:
    application, version, form = visit.path("application"), visit.number("version"), await visit.form()
    try:
        given = body(ReleaseBody, {"comment": str(form.get("comment", ""))})
        made = await visit.admin.releases.rollback(visit.actor, application, version, given, discard="discard" in form)
    except AdminError as error:
        return await show(visit, Errors(error))
    return visit.redirect(f"/applications/{application}/releases/{made.version}")
