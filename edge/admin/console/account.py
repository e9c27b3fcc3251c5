"""Signing in and out, and one's own password."""

from __future__ import annotations

from starlette.responses import Response

from edge.admin.access.login import SESSION_SECONDS
from edge.admin.console.forms import Errors
from edge.admin.console.visit import Visit, cookie_name
from edge.admin.errors import AdminError, TooManyRequests, Unauthorized


def local(target: str) -> str:
    """`target` when it is a path of this console, else the start page: never somebody else's address."""
    return target if target.startswith("/") and not target.startswith("//") and "\\" not in target else "/"


async def sign_in_form(visit: Visit, name: str = "", errors: Errors | None = None) -> Response:
    status = errors.status if errors else 200
    target = local(visit.request.query_params.get("next", "/"))
    return visit.page("sign_in.html", status=status, name=name, target=target, errors=errors or Errors())


async def sign_in(visit: Visit) -> Response:
    form = await visit.form()
    name = str(form.get("name", ""))
    try:
        token = await _session(visit, name, str(form.get("password", "")))
    except (Unauthorized, TooManyRequests) as error:
        return await sign_in_form(visit, name, Errors(error))
    return _signed_in(visit, visit.redirect(local(str(form.get("next", "/")))), token)


async def _session(visit: Visit, name: str, password: str) -> str:
    address = visit.request.client.host if visit.request.client else ""
    return await visit.admin.login.sign_in(name, password, address)


def _signed_in(visit: Visit, response: Response, token: str) -> Response:
    response.set_cookie(
        cookie_name(visit.request),
        token,
        max_age=SESSION_SECONDS,
        path="/",
        secure=visit.request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return response


async def sign_out(visit: Visit) -> Response:
    await visit.admin.login.sign_out(visit.request.cookies[cookie_name(visit.request)])
    response = visit.redirect("/sign-in")
    response.delete_cookie(
        cookie_name(visit.request), path="/", secure=visit.request.url.scheme == "https", httponly=True, samesite="lax"
    )
    return response


async def show(visit: Visit, errors: Errors | None = None) -> Response:
    errors = errors or Errors()
    return visit.page("account.html", status=errors.status, errors=errors)


async def change_password(visit: Visit) -> Response:
    """A new password ends every session of the user; this one is begun anew."""
    form = await visit.form()
    new = str(form.get("new", ""))
    try:
        await visit.admin.users.change_password(visit.actor, str(form.get("current", "")), new)
        token = await _session(visit, visit.actor.name, new)
    except AdminError as error:
        return await show(visit, Errors(error))
    response = visit.redirect("/account", "Your password was changed; your other sessions were ended.")
    return _signed_in(visit, response, token)
