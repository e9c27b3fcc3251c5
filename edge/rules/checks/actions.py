"""What is wrong with an action: every kind has its own check, one file for each family."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from edge.model.actions import (
    Action,
    BasicAuth,
    Cache,
    Compress,
    Cors,
    ErrorPage,
    ForwardAuth,
    IpAccess,
    JwtAuth,
    LimitBody,
    LimitConcurrency,
    LimitRate,
    Mirror,
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
from edge.rules.checks import access, authentication, content, headers, limiting, proxying, routing, tokens
from edge.rules.problem import Problem, shown


def check_action(action: Action, upstreams: Collection[str]) -> Iterator[Problem]:
    """Every problem, with fields like `url`. `upstreams` are the ids that exist."""
    match action:
        case Proxy():
            yield from proxying.check_proxy(action, upstreams)
        case Redirect():
            yield from routing.check_redirect(action)
        case Mirror():
            if action.upstream not in upstreams:
                yield Problem("upstream", f"the application has no upstream with the id {shown(action.upstream)}")
            yield from routing.check_mirror(action)
        case Respond():
            yield from routing.check_respond(action)
        case RewritePath():
            yield from routing.check_rewrite_path(action)
        case SetRequestHeader() | SetResponseHeader():
            yield from headers.check_header_name(action)
            yield from headers.check_header_value(action)
        case RemoveRequestHeader() | RemoveResponseHeader():
            yield from headers.check_header_name(action)
        case RequestId():
            yield from headers.check_request_id(action)
        case IpAccess():
            yield from access.check_ip_access(action)
        case BasicAuth():
            yield from authentication.check_basic_auth(action)
        case ForwardAuth():
            yield from authentication.check_forward_auth(action, upstreams)
        case JwtAuth():
            yield from tokens.check_jwt_auth(action)
        case Cors():
            yield from content.check_cors(action)
        case ErrorPage():
            yield from content.check_error_page(action)
        case Compress():
            yield from content.check_compress(action)
        case Cache():
            yield from content.check_cache(action)
        case LimitRate():
            yield from limiting.check_limit_rate(action)
        case LimitConcurrency():
            yield from limiting.check_limit_concurrency(action)
        case LimitBody():
            yield from limiting.check_limit_body(action)
