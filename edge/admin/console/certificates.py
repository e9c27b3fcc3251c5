"""Certificates: the list with what runs out, and one's page, where it is renewed."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from edge.admin.console.forms import Errors, body, optional, version
from edge.admin.console.paging import asked
from edge.admin.console.visit import Visit
from edge.admin.errors import AdminError
from edge.admin.views import CertificateBody

_NEW: dict[str, Any] = {"name": "", "certificate": ""}


def _values(form: FormData) -> dict[str, Any]:
    """What may be shown again: not the key."""
    return {"name": form.get("name", ""), "certificate": str(form.get("certificate", "")).strip()}


def _body(form: FormData) -> CertificateBody:
    return body(CertificateBody, {**_values(form), "key": optional(form.get("key"))})


async def index(visit: Visit) -> Response:
    page = await asked(visit, lambda limit, after: visit.admin.certificates.list(visit.actor, limit, after))
    return visit.page("certificates.html", certificates=page.items, next=page.next)


async def new(visit: Visit, values: dict[str, Any] | None = None, errors: Errors | None = None) -> Response:
    visit.actor.require("releaser", "add certificates")
    errors = errors or Errors()
    return visit.page("certificate_new.html", status=errors.status, values=values or _NEW, errors=errors)


async def create(visit: Visit) -> Response:
    form = await visit.form()
    try:
        certificate = await visit.admin.certificates.create(visit.actor, _body(form))
    except AdminError as error:
        return await new(visit, _values(form), Errors(error))
    return visit.redirect(f"/certificates/{certificate.id}")


async def show(
    visit: Visit, values: dict[str, Any] | None = None, errors: Errors | None = None, sent: str | None = None
) -> Response:
    certificate = await visit.admin.certificates.get(visit.actor, visit.path("id"))
    errors = errors or Errors()
    return visit.page(
        "certificate.html",
        status=errors.status,
        certificate=certificate,
        version=errors.version(visit.admin.certificates.etag(certificate), sent),
        values=values or certificate,
        errors=errors,
    )


async def save(visit: Visit) -> Response:
    form, id = await visit.form(), visit.path("id")
    try:
        await visit.admin.certificates.replace(visit.actor, id, _body(form), version(form))
    except AdminError as error:
        return await show(visit, _values(form), Errors(error), version(form))
    return visit.redirect(f"/certificates/{id}", "Saved: gateways show it from now on.")


async def delete(visit: Visit) -> Response:
    try:
        await visit.admin.certificates.delete(visit.actor, visit.path("id"))
    except AdminError as error:
        return await show(visit, errors=Errors(error))
    return visit.redirect("/certificates", "The certificate was deleted.")
