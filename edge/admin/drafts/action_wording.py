"""Actions of page rules as sentences. Pure."""

from __future__ import annotations

from collections.abc import Mapping

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


def action_text(action: Action, upstreams: Mapping[str, str]) -> str:
    """One action: "proxy to my kubernetes backend". `upstreams` are names by id."""
    match action:
        case Proxy():
            return _proxy(action, upstreams)
        case Mirror(upstream=id, share=share):
            return (
                f"send a copy of {'requests' if share == 1 else f'{share:.1%} of requests'} to {upstreams.get(id, id)}"
            )
        case Redirect(url=url, status=status):
            return f"redirect to {url} with {status}"
        case Respond(status=status):
            return f"respond with {status}"
        case RewritePath(prefix=prefix, matches=matches, replacement=replacement):
            return f"rewrite the path {matches or prefix} to {replacement or 'nothing'}"
        case SetRequestHeader(name=name):
            return f"set request header {name}"
        case RemoveRequestHeader(name=name):
            return f"remove request header {name}"
        case SetResponseHeader(name=name):
            return f"set response header {name}"
        case RemoveResponseHeader(name=name):
            return f"remove response header {name}"
        case RequestId(header=header, accept=accept):
            return f"{'take the request id from' if accept else 'give the request id in'} {header}"
        case IpAccess(allow=allow, deny=deny):
            parts = [f"deny {_some(deny)}"] if deny else []
            return " and ".join([*parts, f"allow only {_some(allow)}"] if allow else parts)
        case BasicAuth(users=users):
            return f"ask for the password of {_some([user.name for user in users])}"
        case JwtAuth(algorithms=algorithms, issuer=issuer):
            return f"ask for a token signed with {_some(algorithms)}" + (f" by {issuer}" if issuer else "")
        case ForwardAuth(upstream=id, path=path):
            return f"ask {upstreams.get(id, id)} at {path} who may pass"
        case Cors(origins=origins):
            return f"allow cross-origin requests from {_some(origins)}"
        case ErrorPage(statuses=statuses):
            return f"show a page of its own for {_some([str(status) for status in statuses])}"
        case Compress(encodings=encodings):
            return f"compress answers with {_some(encodings)}"
        case Cache(ttl=ttl, override=override):
            said = f", {ttl} s {'in any case' if override else 'where they do not say'}" if ttl else ""
            return f"cache answers for as long as they say{said}"
        case LimitRate(rate=rate, per=per, key=key, delay=delay):
            often = f"{rate} {'an' if per == 'hour' else 'a'} {per}"
            return f"{'delay' if delay else 'refuse'} requests beyond {often} {_for_each(key)}"
        case LimitConcurrency(limit=limit, key=key, queue=queue):
            waiting = f" and {queue} that wait" if queue else ""
            return f"refuse requests beyond {limit} at once{waiting} {_for_each(key)}"
        case LimitBody(size=size):
            return f"refuse bodies longer than {size:,} bytes"


def _proxy(action: Proxy, upstreams: Mapping[str, str]) -> str:
    """ "proxy to a (9) and b (1), each ${header.x} to the same, else to c, 2 attempts, within 5 s"."""
    shares = [f"{upstreams.get(each.upstream, each.upstream)} ({each.weight})" for each in action.upstreams]
    text = f"proxy to {' and '.join(shares) or upstreams.get(action.upstream, action.upstream)}"
    if action.key:
        text += f", each {action.key} to the same"
    if action.backup:
        text += f", else to {upstreams.get(action.backup, action.backup)}"
    if action.retries is not None:
        text += f", {action.retries.attempts} attempt{'s' if action.retries.attempts != 1 else ''}"
    if action.timeout is not None:
        text += f", within {action.timeout:g} s"
    return text


def _some(texts: tuple[str, ...] | list[str]) -> str:
    """The first three and how many more."""
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return ", ".join(texts[:3]) + more


def _for_each(key: str) -> str:
    return "from each client" if key == "${client-address}" else f"for each {key}"
