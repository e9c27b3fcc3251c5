"""Actions compiled to effects, and effects added up to a decision.

An *effect* is what one action does to the *draft* of a decision. A *fixed* effect does the same to every request; a
decision made of fixed effects only is made once, when the rules are compiled. There is one effect for each action of
each rule of a gateway, so the common ones are small objects: a closure takes five times the memory. Later effects see
what earlier ones made of the path and the headers; conditions and templates always see the request as the client sent
it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from edge.model.actions import (
    Action,
    Proxy,
    Redirect,
    RemoveRequestHeader,
    RemoveResponseHeader,
    RequestId,
    Respond,
    RewritePath,
    SetRequestHeader,
    SetResponseHeader,
)
from edge.model.rule import Rule
from edge.rules import names, paths, templates
from edge.rules.decision import Answer, Decision, Handlers, Make
from edge.rules.identity import compile_identity
from edge.rules.request import Request
from edge.rules.rewriting import compile_rewrite
from edge.rules.routes import Route, compile_route

TERMINAL = (Proxy, Redirect, Respond)

NO_REQUEST = Request()
"""Stands for the request where effects are fixed."""


class Draft:
    """A decision in the making. `rewritten` is (clean path, decoded path) once a rule rewrote it."""

    __slots__ = (
        "answer",
        "filters",
        "gates",
        "request_headers",
        "request_id",
        "response_headers",
        "rewritten",
        "route",
        "upstream",
    )

    def __init__(self) -> None:
        self.upstream: str | None = None
        self.route: Route | None = None
        self.answer: Answer | None = None
        self.rewritten: tuple[str, str] | None = None
        self.request_headers: dict[bytes, bytes | None] = {}
        self.response_headers: dict[bytes, bytes | None] = {}
        self.gates: list[Any] = []
        self.filters: list[Any] = []
        self.request_id: bytes | None = None


class Effect(Protocol):
    """`apply` changes the draft; `fixed` says that it ignores the request."""

    @property
    def fixed(self) -> bool: ...
    @property
    def apply(self) -> Callable[[Draft, Request], None]: ...


class Computed:
    """An effect that looks at the request."""

    __slots__ = ("apply",)
    fixed = False

    def __init__(self, apply: Callable[[Draft, Request], None]) -> None:
        self.apply = apply


class Proxied:
    """The request goes to an upstream, or the way that a route says."""

    __slots__ = ("route", "upstream")
    fixed = True

    def __init__(self, upstream: str, route: Route | None) -> None:
        self.upstream = upstream
        self.route = route

    def apply(self, draft: Draft, request: Request) -> None:
        """Say so."""
        draft.upstream = self.upstream
        draft.route = self.route


class Answered:
    """The answer is always this one."""

    __slots__ = ("answer",)
    fixed = True

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def apply(self, draft: Draft, request: Request) -> None:
        """Give it."""
        draft.answer = self.answer


class Edited:
    """A header gets a value that is always the same, or is removed (None)."""

    __slots__ = ("name", "of_request", "value")
    fixed = True

    def __init__(self, name: bytes, value: bytes | None, *, of_request: bool) -> None:
        self.name = name
        self.value = value
        self.of_request = of_request

    def apply(self, draft: Draft, request: Request) -> None:
        """Note it among the edits."""
        edits = draft.request_headers if self.of_request else draft.response_headers
        edits[self.name] = self.value


class Handled:
    """A gate or a filter acts."""

    __slots__ = ("handlers",)
    fixed = True

    def __init__(self, handlers: Handlers) -> None:
        self.handlers = handlers

    def apply(self, draft: Draft, request: Request) -> None:
        """Add them."""
        gate, filter = self.handlers
        if gate is not None:
            draft.gates.append(gate)
        if filter is not None:
            draft.filters.append(filter)


def compile_actions(rule: Rule, make: Make) -> tuple[tuple[Effect, ...], bool]:
    """The effects of a rule's actions up to its first terminal one, and whether there is one. Raises ValueError."""
    effects: list[Effect] = []
    for action in rule.actions:
        effects.append(compile_action(action, rule.id, make))
        if isinstance(action, TERMINAL):
            return tuple(effects), True
    return tuple(effects), False


def decide(effects: Iterable[Effect], request: Request, rule: str) -> Decision:
    """Add the effects up. `rule` is the id of the rule that ended it."""
    draft = Draft()
    for effect in effects:
        effect.apply(draft, request)
    target = None
    if draft.rewritten is not None and draft.upstream is not None:
        query = f"?{request.query_string}" if request.query_string else ""
        target = names.data(draft.rewritten[0] + query)
    return Decision(
        draft.upstream,
        target,
        tuple(draft.request_headers.items()),
        tuple(draft.response_headers.items()),
        draft.answer,
        tuple(draft.gates),
        tuple(draft.filters),
        rule,
        draft.request_id,
        draft.route,
    )


def compile_action(action: Action, rule: str, make: Make) -> Effect:
    """Raises ValueError for what `validate` would have refused."""
    match action:
        case Proxy():
            return _proxy(action)
        case Redirect():
            return _redirect(action)
        case Respond():
            return _respond(action)
        case RewritePath():
            return _rewrite_path(action)
        case SetRequestHeader() | SetResponseHeader():
            return _set_header(action)
        case RemoveRequestHeader() | RemoveResponseHeader():
            return _remove_header(action)
        case RequestId():
            return _identify(action)
        case _:
            return Handled(make(action, rule))


def _proxy(action: Proxy) -> Effect:
    route = compile_route(action)
    return Proxied(sys.intern(action.upstream if route is None else route.upstreams[0]), route)


def _redirect(action: Redirect) -> Effect:
    url = templates.compile_template(action.url, templates.in_url)
    if isinstance(url, str):
        return Answered(Answer(action.status, location=names.data(url)))

    def apply(draft: Draft, request: Request) -> None:
        location = url(request)
        if not request.query_string:
            location = location.removesuffix("?")  # from "…?${query-string}"
        draft.answer = Answer(action.status, location=names.data(location))

    return Computed(apply)


def _respond(action: Respond) -> Effect:
    body = templates.compile_template(action.body, templates.in_body(action.content_type))
    content_type = names.data(action.content_type) if action.body else b""
    if isinstance(body, str):
        return Answered(Answer(action.status, names.data(body), content_type))

    def apply(draft: Draft, request: Request) -> None:
        draft.answer = Answer(action.status, names.data(body(request)), content_type)

    return Computed(apply)


def _rewrite_path(action: RewritePath) -> Effect:
    rewrite = compile_rewrite(action)

    def apply(draft: Draft, request: Request) -> None:
        clean, path = draft.rewritten or (paths.clean(request.raw_path, request.path), request.path)
        rewritten = rewrite(clean, path)
        if rewritten is not None:
            draft.rewritten = rewritten, paths.normalise(rewritten)

    return Computed(apply)


def _set_header(action: SetRequestHeader | SetResponseHeader) -> Effect:
    value = templates.compile_template(action.value, templates.in_header)
    name = names.data(action.name.lower())
    of_request = isinstance(action, SetRequestHeader)
    if isinstance(value, str):
        return Edited(name, names.data(value), of_request=of_request)

    def apply(draft: Draft, request: Request) -> None:
        edits = draft.request_headers if of_request else draft.response_headers
        edits[name] = names.data(value(request))

    return Computed(apply)


def _remove_header(action: RemoveRequestHeader | RemoveResponseHeader) -> Effect:
    return Edited(names.data(action.name.lower()), None, of_request=isinstance(action, RemoveRequestHeader))


def _identify(action: RequestId) -> Effect:
    identify = compile_identity(action)
    name = names.data(action.header.lower())

    def apply(draft: Draft, request: Request) -> None:
        request.request_id = identify(request)  # for the templates of later actions
        draft.request_id = identity = names.data(request.request_id)
        if name != b"x-request-id":  # which the gateway writes anyway
            draft.request_headers[name] = identity
            if not action.upstream_only:
                draft.response_headers[name] = identity

    return Computed(apply)
