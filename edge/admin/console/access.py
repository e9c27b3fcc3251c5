"""Users, API tokens and the audit."""

from __future__ import annotations

from starlette.responses import Response

from edge.admin.console.forms import Errors, body, optional, version
from edge.admin.console.visit import Visit
from edge.admin.errors import AdminError
from edge.admin.views import TokenBody, TokenView, UserBody

ROLES = {
    "viewer": "reads everything",
    "editor": "also edits drafts",
    "releaser": "also releases, rolls back and discards",
    "admin": "also manages gateways, clusters, users and tokens",
}


async def index(visit: Visit, errors: Errors | None = None, at: str = "", made: TokenView | None = None) -> Response:
    """Users and tokens. `at` says which form `errors` belong to; `made` is a new token, shown this once."""
    visit.actor.require("admin", "manage access")
    errors = errors or Errors()
    return visit.page(
        "access.html",
        status=errors.status,
        users=(await visit.admin.users.list(visit.actor, limit=1000)).items,
        version=visit.admin.users.etag,
        tokens=(await visit.admin.tokens.list(visit.actor, limit=1000)).items,
        roles=ROLES,
        errors=errors,
        at=at,
        made=made,
    )


async def audit(visit: Visit) -> Response:
    page = await visit.admin.audit.list(visit.actor, limit=100, after=visit.request.query_params.get("after"))
    return visit.page("audit.html", lines=page.items, next=page.next)


async def create_user(visit: Visit) -> Response:
    form = await visit.form()
    values = {"name": form.get("name", ""), "role": form.get("role", ""), "password": optional(form.get("password"))}
    try:
        await visit.admin.users.create(visit.actor, body(UserBody, values))
    except AdminError as error:
        return await index(visit, Errors(error), "new-user")
    return visit.redirect("/access", "The user was created.")


async def save_user(visit: Visit) -> Response:
    form, id = await visit.form(), visit.path("id")
    try:
        user = await visit.admin.users.get(visit.actor, id)
        values = {"name": user.name, "role": form.get("role", ""), "password": optional(form.get("password"))}
        await visit.admin.users.replace(visit.actor, id, body(UserBody, values), version(form))
    except AdminError as error:
        return await index(visit, Errors(error), id)
    return visit.redirect("/access", "Saved.")


async def delete_user(visit: Visit) -> Response:
    try:
        await visit.admin.users.delete(visit.actor, visit.path("id"))
    except AdminError as error:
        return await index(visit, Errors(error), visit.path("id"))
    return visit.redirect("/access", "The user was deleted and signed out.")


async def create_token(visit: Visit) -> Response:
    form = await visit.form()
    days = str(form.get("days", "90"))
    values = {
        "name": form.get("name", ""),
        "role": form.get("role", ""),
        "expires_in": int(days) * 86400 if days.isascii() and days.isdigit() and len(days) < 6 else days,
    }
    try:
        made = await visit.admin.tokens.create(visit.actor, body(TokenBody, values))
    except AdminError as error:
        return await index(visit, Errors(error), "new-token")
    return await index(visit, made=made)


async def delete_token(visit: Visit) -> Response:
    try:
        await visit.admin.tokens.delete(visit.actor, visit.path("id"))
    except AdminError as error:
        return await index(visit, Errors(error), visit.path("id"))
    return visit.redirect("/access", "The token was deleted; whoever uses it is refused from now on.")
