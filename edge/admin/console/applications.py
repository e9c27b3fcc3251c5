"""Applications: the list, and one application's overview with its domains and partitions."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from edge.admin.console.forms import Errors, body, lines, pem, version
from edge.admin.console.paging import asked, offered
from edge.admin.console.visit import Visit
from edge.admin.errors import AdminError
from edge.admin.views import ApplicationBody, ApplicationView
from edge.model.certificate import covers

_NEW: dict[str, Any] = {
    "name": "",
    "domains": [],
    "partitions": [],
    "default": False,
    "certificates": [],
    "client_certificates": None,
}


async def home(visit: Visit) -> Response:
    return RedirectResponse("/applications", 303)


async def current(visit: Visit) -> ApplicationView:
    """The application that the path names."""
    return await visit.admin.applications.get(visit.actor, visit.path("application"))


def watch(application: ApplicationView) -> tuple[str, ...]:
    """What every page of an application shows: its releases, and its pending changes."""
    return (f"release:{application.id}", f"application:{application.id}")


def _values(form: FormData) -> dict[str, Any]:
    return {
        "name": form.get("name", ""),
        "domains": lines(form.get("domains")),
        "partitions": [str(value) for value in form.getlist("partitions")],
        "default": "default" in form,
        "certificates": [str(value) for value in form.getlist("certificates")],
        "client_certificates": _clients(form),
    }


def _clients(form: FormData) -> dict[str, Any] | None:
    authority = pem(form.get("client_ca"))
    if not authority:
        return None
    return {"ca_certificate": authority, "mode": form.get("client_mode", "required")}


async def _choices(visit: Visit, application: ApplicationView | None = None) -> dict[str, Any]:
    """What its form chooses from; `useless` are the ids of certificates that are for none of its domains."""
    domains = () if application is None else application.domains
    certificates = await offered(
        visit, visit.admin.certificates, () if application is None else application.certificates
    )
    return {
        "partitions": await offered(
            visit, visit.admin.partitions, () if application is None else application.partitions
        ),
        "certificates": certificates,
        "useless": [
            one.id for one in certificates if not any(covers(name, host) for name in one.names for host in domains)
        ],
    }


async def index(visit: Visit) -> Response:
    page = await asked(visit, lambda limit, after: visit.admin.applications.list(visit.actor, limit, after))
    return visit.page("applications.html", watch=("release", "application"), applications=page.items, next=page.next)


async def new(visit: Visit, values: dict[str, Any] | None = None, errors: Errors | None = None) -> Response:
    errors = errors or Errors()
    return visit.page(
        "application_new.html",
        status=errors.status,
        values=values or _NEW,
        errors=errors,
        **await _choices(visit),
    )


async def create(visit: Visit) -> Response:
    values = _values(await visit.form())
    try:
        application = await visit.admin.applications.create(visit.actor, body(ApplicationBody, values))
    except AdminError as error:
        return await new(visit, values, Errors(error))
    return visit.redirect(f"/applications/{application.id}/upstreams/new")


async def show(
    visit: Visit, values: dict[str, Any] | None = None, errors: Errors | None = None, sent: str | None = None
) -> Response:
    application, errors = await current(visit), errors or Errors()
    return visit.page(
        "application.html",
        status=errors.status,
        watch=watch(application),
        application=application,
        version=errors.version(visit.admin.applications.etag(application), sent),
        values=values or application,
        errors=errors,
        **await _choices(visit, application),
    )


async def save(visit: Visit) -> Response:
    form, id = await visit.form(), visit.path("application")
    values, sent = _values(form), version(form)
    try:
        await visit.admin.applications.replace(visit.actor, id, body(ApplicationBody, values), sent)
    except AdminError as error:
        return await show(visit, values, Errors(error), sent)
    return visit.redirect(f"/applications/{id}", "Saved as a pending change.")


async def delete(visit: Visit) -> Response:
    try:
        await visit.admin.applications.delete(visit.actor, visit.path("application"))
    except AdminError as error:
        return await show(visit, errors=Errors(error))
    return visit.redirect("/applications", "The application was deleted; its gateways no longer serve it.")
