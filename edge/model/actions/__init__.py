"""The actions of page rules, as the API takes them and a release document carries them.

Values are checked in `edge.rules.checks`; these types only fix the shapes. Kinds: *terminal* actions end a
request's way through the rules; *edits* change what is sent on; *gates* may stop the request before it is answered;
*filters* change its answer. Some are both gate and filter.
"""

from __future__ import annotations

from typing import TypeAlias

from edge.model.actions.access import IpAccess
from edge.model.actions.authentication import BasicAuth, BasicUser, ClaimHeader, ForwardAuth, JwtAuth
from edge.model.actions.content import Cache, Compress, Cors, ErrorPage
from edge.model.actions.headers import (
    RemoveRequestHeader,
    RemoveResponseHeader,
    RequestId,
    SetRequestHeader,
    SetResponseHeader,
)
from edge.model.actions.limits import LimitBody, LimitConcurrency, LimitRate
from edge.model.actions.routing import Mirror, Proxy, Redirect, Respond, Retries, RewritePath, WeightedUpstream

TerminalAction: TypeAlias = Proxy | Redirect | Respond
HandlingAction: TypeAlias = (
    IpAccess
    | BasicAuth
    | JwtAuth
    | ForwardAuth
    | Cors
    | ErrorPage
    | Compress
    | Cache
    | Mirror
    | LimitRate
    | LimitConcurrency
    | LimitBody
)
"""Gates and filters: they act on the request while it is served, in `edge.gateway.actions`."""
Action: TypeAlias = (
    Proxy
    | Redirect
    | Respond
    | RewritePath
    | SetRequestHeader
    | RemoveRequestHeader
    | SetResponseHeader
    | RemoveResponseHeader
    | RequestId
    | IpAccess
    | BasicAuth
    | JwtAuth
    | ForwardAuth
    | Cors
    | ErrorPage
    | Compress
    | Cache
    | Mirror
    | LimitRate
    | LimitConcurrency
    | LimitBody
)

__all__ = [
    "Action",
    "BasicAuth",
    "BasicUser",
    "Cache",
    "ClaimHeader",
    "Compress",
    "Cors",
    "ErrorPage",
    "ForwardAuth",
    "HandlingAction",
    "IpAccess",
    "JwtAuth",
    "LimitBody",
    "LimitConcurrency",
    "LimitRate",
    "Mirror",
    "Proxy",
    "Redirect",
    "RemoveRequestHeader",
    "RemoveResponseHeader",
    "RequestId",
    "Respond",
    "Retries",
    "RewritePath",
    "SetRequestHeader",
    "SetResponseHeader",
    "TerminalAction",
    "WeightedUpstream",
    "upstreams_named",
]


def upstreams_named(action: Action) -> tuple[str, ...]:
    """The ids of the upstreams that an action needs, each once."""
    if isinstance(action, Proxy):
        return action.named
    upstream = getattr(action, "upstream", "")
    return (upstream,) if upstream else ()
