"""One visit to a page: who asks for what, and the ways to answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from edge.admin.actor import Actor
from edge.admin.console.rendering import TEMPLATES
from edge.admin.errors import AdminError, BadRequest, Forbidden, NotFound, Unauthorized

if TYPE_CHECKING:
    from edge.admin.admin import Admin

Handler = Callable[["Visit"], Awaitable[Response]]

NOTICE = "edge-notice"
_MOST_FIELDS = 2000


class Visit:
    """A signed-in person's request."""

    def __init__(self, request: Request, admin: Admin, actor: Actor | None) -> None:
        self.request = request
        self.admin = admin
        self._actor = actor
        self._since = admin.events.last  # before anything is read: a change while reading is told to the page

    @property
    def actor(self) -> Actor:
        """Who is signed in; Unauthorized when nobody is."""
        if self._actor is None:
            raise Unauthorized("sign in first")
        return self._actor

    def path(self, name: str) -> str:
        """A part of the path, such as the `id` of /kubernetes/{id}."""
        return str(self.request.path_params[name])

    def number(self, name: str) -> int:
        """A part of the path that is a number; NotFound when it is not."""
        text = self.path(name)
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise NotFound(f"{text!r} is not a number")
        return int(text)

    async def form(self) -> FormData:
        """The posted fields, with line ends as they were shown, for browsers send each as CR LF. BadRequest when they
        cannot be read, or hold U+0000, which no database keeps."""
        try:
            form = await self.request.form(max_files=0, max_fields=_MOST_FIELDS, max_part_size=1024 * 1024)
        except HTTPException as error:
            raise BadRequest(f"the form could not be read: {error.detail}") from None
        if any("\0" in key or "\0" in str(value) for key, value in form.multi_items()):
            raise BadRequest("a field holds the character U+0000; remove it and send the form again")
        return FormData([(key, str(value).replace("\r\n", "\n")) for key, value in form.multi_items()])

    def page(self, template: str, *, status: int = 200, watch: tuple[str, ...] = (), **context: Any) -> Response:
        """Render a page. `watch` names what its live parts show ("upstream:ID", "gateway-server"…)."""
        notice = self.request.cookies.get(NOTICE)
        html = TEMPLATES.get_template(template).render(
            actor=self._actor,
            path=self.request.url.path,
            url=self.request.url.path + (f"?{self.request.url.query}" if self.request.url.query else ""),
            notice=unquote(notice)[:500] if notice else None,
            live=_live_url(watch, self._since),
            **context,
        )
        response = HTMLResponse(html, status, headers={"cache-control": "no-store"})
        if notice:
            response.delete_cookie(NOTICE, path="/")
        return response

    def redirect(self, url: str, notice: str | None = None) -> Response:
        """After a deed: go and see it; `notice` is shown once, there."""
        response = RedirectResponse(url, 303)
        if notice:
            response.set_cookie(NOTICE, quote(notice[:500]), max_age=60, path="/", httponly=True, samesite="lax")
        return response


def _live_url(watch: tuple[str, ...], since: int) -> str:
    """Where a page hears of changes to what it watches; empty when it watches nothing."""
    return f"/live?{urlencode([('after', since), *(('watch', item) for item in watch)])}" if watch else ""


def endpoint(handler: Handler, admin: Admin, *, public: bool = False) -> Callable[[Request], Awaitable[Response]]:
    """A Starlette endpoint for `handler`: finds the session, checks where writes come from, shows errors as pages."""

    async def answer(request: Request) -> Response:
        visit = Visit(request, admin, None)
        try:
            if request.method not in ("GET", "HEAD"):
                check_origin(request)
            visit = Visit(request, admin, await _actor_of(request, admin))
            if not public:
                _ = visit.actor
            return await handler(visit)
        except Unauthorized as error:
            if public:
                return _error_page(visit, error)
            target = request.url.path if request.method == "GET" else "/"
            return RedirectResponse(f"/sign-in?next={quote(target, safe='/')}", 303)
        except AdminError as error:
            return _error_page(visit, error)

    return answer


def _error_page(visit: Visit, error: AdminError) -> Response:
    return visit.page("error.html", status=error.status, message=error.message, title=type(error).__name__)


def cookie_name(request: Request) -> str:
    """The session cookie: over https with the __Host- prefix, which binds it to this host and to https."""
    return "__Host-edge-session" if request.url.scheme == "https" else "edge-session"


async def _actor_of(request: Request, admin: Admin) -> Actor | None:
    token = request.cookies.get(cookie_name(request))
    if not token:
        return None
    try:
        return await admin.login.session(token)
    except Unauthorized:
        return None


def check_origin(request: Request) -> None:
    """Writes must come from our own pages: Sec-Fetch-Site says same-origin, or, from browsers that do not send it, the
    Origin equals ours. Raises Forbidden."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise Forbidden("this form was sent from another site; open the page here and send it again")
        return
    origin = request.headers.get("origin")
    if origin is None or urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden("this form does not say that it comes from this console; open the page here and send it again")
