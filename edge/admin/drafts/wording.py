"""Pending changes as sentences, and as the API's before and after. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from edge.admin.drafts import rule_secrets
from edge.admin.drafts.action_wording import action_text
from edge.admin.views import KubernetesService, RuleView, UpstreamView
from edge.model.document import ApplicationDocument
from edge.model.health_check import HealthCheck
from edge.model.rule import Condition, Rule
from edge.model.source import Source
from edge.model.upstream import Balance, Hash, LeastRequest, RoundRobin, Sticky, Upstream

LONGEST = 300


class Names(msgspec.Struct, frozen=True):
    """What ids stand for: partitions, Kubernetes clusters and certificates."""

    partitions: Mapping[str, str] = {}
    clusters: Mapping[str, str] = {}
    certificates: Mapping[str, str] = {}


class Described(msgspec.Struct, frozen=True):
    """A change of one thing: the sentence, and the thing before and after as the API shows it."""

    text: str
    before: Any
    after: Any


def describe(thing: str, old: ApplicationDocument, new: ApplicationDocument, names: Names) -> Described:
    """The change of `thing` from `old` to `new`."""
    kind, _, id = thing.partition(":")
    if kind == "upstream":
        return _upstream(_find(old.upstreams, id), _find(new.upstreams, id), names)
    if kind == "rule":
        return _rule(id, old, new)
    if kind == "order":
        labels = ", ".join(rule_label(rule, new) for rule in new.rules)
        return Described(_short(f"Order the page rules: {labels}"), _ids(old), _ids(new))
    before, after = getattr(old, kind), getattr(new, kind)
    return Described(_short(_setting(kind, before, after, names)), _plain(before), _plain(after))


def _find(items: tuple[Any, ...], id: str) -> Any | None:
    return next((item for item in items if item.id == id), None)


def _ids(document: ApplicationDocument) -> list[str]:
    return [rule.id for rule in document.rules]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else msgspec.to_builtins(value)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _setting(kind: str, before: Any, after: Any, names: Names) -> str:
    if kind == "name":
        return f'Rename the application to "{after}"'
    if kind == "default":
        return "Answer hosts that no application names" if after else "Stop answering hosts that no application names"
    if kind == "client_certificates":
        if after is None:
            return "Ask clients for no certificate"
        deed = "Answer only clients with" if after.mode == "required" else "Check, where clients show one,"
        return f"{deed} a certificate of the given CAs"
    added = [item for item in after if item not in before]
    removed = [item for item in before if item not in after]
    if kind == "partitions":
        added = [names.partitions.get(id, id) for id in added]
        removed = [names.partitions.get(id, id) for id in removed]
    if kind == "certificates":
        added = [names.certificates.get(id, id) for id in added]
        removed = [names.certificates.get(id, id) for id in removed]
    noun = kind if len(added or removed) > 1 else kind[:-1]
    parts = [f"add {noun} {', '.join(added)}"] if added else []
    noun = kind if len(removed) > 1 else kind[:-1]
    parts += [f"remove {noun} {', '.join(removed)}"] if removed else []
    text = "; ".join(parts) or f"order the {kind}: {', '.join(after)}"
    return text[0].upper() + text[1:]


def _verb(before: object | None, after: object | None) -> str:
    return "Add" if before is None else "Delete" if after is None else "Change"


def _upstream(before: Upstream | None, after: Upstream | None, names: Names) -> Described:
    shown = after or before
    assert shown is not None, "a change has a before or an after"
    text = f'{_verb(before, after)} upstream "{shown.name}"'
    if after is not None:
        text += f": {upstream_text(after, names)}"
    if before is not None and after is not None and before.name != after.name:
        text += f', named "{before.name}" before'
    return Described(_short(text), _upstream_plain(before), _upstream_plain(after))


def upstream_text(upstream: Upstream, names: Names) -> str:
    """Where an upstream sends requests: "Kubernetes service default/test-hello:80 of test"."""
    if upstream.sources:
        parts = [
            f"{source.namespace}/{source.service}:{source.port} of {names.clusters.get(source.cluster, source.cluster)}"
            for source in upstream.sources
        ]
        return f"Kubernetes service{'s' if len(parts) > 1 else ''} {', '.join(parts)}{_spoken_to(upstream)}"
    servers = [
        f"{server.host}:{server.port}" + (f" weight {server.weight}" if server.weight != 1 else "")
        for server in upstream.servers
    ]
    return f"server{'s' if len(servers) > 1 else ''} {', '.join(servers)}{_spoken_to(upstream)}"


def tls_text(upstream: Upstream) -> str:
    """How an upstream is spoken to over TLS, behind where it sends requests; nothing where it is not."""
    tls = upstream.tls
    if tls is None:
        return ""
    name = f" as {tls.server_name}" if tls.server_name else ""
    return f", HTTPS{name}" + ("" if tls.verify else " without verification")


def balance_text(balance: Balance) -> str:
    """How an upstream's endpoints are chosen: "hash by header X-User"."""
    if isinstance(balance, LeastRequest):
        return "least request"
    if isinstance(balance, Hash):
        return f"hash by {balance.by.replace('-', ' ')}" + (f" {balance.name}" if balance.name else "")
    if isinstance(balance, Sticky):
        return f"sticky cookie {balance.cookie}" + ("" if balance.ttl is None else f" for {balance.ttl} s")
    return "round robin"


def _spoken_to(upstream: Upstream) -> str:
    checked = "" if upstream.check is None else f", {check_text(upstream.check)}"
    chosen = "".join(f", {text}" for text in choosing_texts(upstream) if text != "round robin")
    return tls_text(upstream) + chosen + checked


def check_text(check: HealthCheck) -> str:
    """How an upstream's endpoints are checked: "checked every 5 s (GET /health)"."""
    what = f"GET {check.path}" if check.type == "http" else "TCP"
    return f"checked every {check.interval:g} s ({what})"


def choosing_texts(upstream: Upstream | UpstreamView) -> Iterator[str]:
    """How an upstream's endpoints are chosen, and what is said of their shares."""
    yield balance_text(upstream.balance or RoundRobin())
    if upstream.slow_start is not None:
        yield f"slow start of {upstream.slow_start} s"
    if upstream.max_connections is not None:
        yield f"at most {upstream.max_connections} requests at once for each"
    if upstream.panic_threshold != 50:
        yield f"panic beyond {upstream.panic_threshold} %"
    if upstream.prefer_zone:
        yield f"the gateway's zone first, with {upstream.zone_minimum} healthy there"


def kubernetes_of(sources: tuple[Source, ...]) -> KubernetesService | list[KubernetesService] | None:
    """Sources as the API writes them: one object, or a list of more."""
    services = [
        KubernetesService(cluster=source.cluster, namespace=source.namespace, service=source.service, port=source.port)
        for source in sources
    ]
    return None if not services else services[0] if len(services) == 1 else services


def _upstream_plain(upstream: Upstream | None) -> Any:
    if upstream is None:
        return None
    return {
        "id": upstream.id,
        "name": upstream.name,
        "kubernetes": msgspec.to_builtins(kubernetes_of(upstream.sources)),
        "servers": msgspec.to_builtins(upstream.servers) if upstream.servers else None,
        "tls": msgspec.to_builtins(upstream.tls),
        "balance": msgspec.to_builtins(upstream.balance),
        "check": msgspec.to_builtins(upstream.check),
        "slow_start": upstream.slow_start,
        "max_connections": upstream.max_connections,
        "panic_threshold": upstream.panic_threshold,
        "prefer_zone": upstream.prefer_zone,
        "zone_minimum": upstream.zone_minimum,
    }


def rule_label(rule: Rule, document: ApplicationDocument) -> str:
    """The rule's name in quotes, or its place."""
    return f'"{rule.name}"' if rule.name else f"number {document.rules.index(rule) + 1}"


def _rule(id: str, old: ApplicationDocument, new: ApplicationDocument) -> Described:
    before, after = _find(old.rules, id), _find(new.rules, id)
    shown, document = (after, new) if after is not None else (before, old)
    assert shown is not None, "a change has a before or an after"
    text = f"{_verb(before, after)} page rule {rule_label(shown, document)}"
    if after is not None:
        text += f": {rule_text(after, new)}"
    return Described(_short(text), _rule_plain(before, old), _rule_plain(after, new))


def _rule_plain(rule: Rule | None, document: ApplicationDocument) -> Any:
    return None if rule is None else msgspec.to_builtins(rule_view(rule, document))


def rule_view(rule: Rule, document: ApplicationDocument) -> RuleView:
    """A rule as the API shows it, without secrets; `order` is its place among the document's rules, from 0."""
    return RuleView(
        id=rule.id,
        name=rule.name,
        enabled=rule.enabled,
        conditions=list(rule.conditions),
        actions=[rule_secrets.hidden(action) for action in rule.actions],
        secrets=rule_secrets.mark(rule.actions),
        order=document.rules.index(rule),
    )


def rule_text(rule: Rule, document: ApplicationDocument) -> str:
    """What a rule does: "when path prefix /api: proxy to my kubernetes backend"."""
    upstreams = {upstream.id: upstream.name for upstream in document.upstreams}
    deeds = "; ".join(action_text(action, upstreams) for action in rule.actions)
    when = " and ".join(condition_text(condition) for condition in rule.conditions)
    return ("disabled: " if not rule.enabled else "") + (f"when {when}: " if when else "") + deeds


def condition_text(condition: Condition) -> str:
    """One condition: "header Accept not contains json or xml", "any of (method equals GET; path prefix /a)"."""
    if condition.not_ is not None:
        return f"not ({condition_text(condition.not_)})"
    if condition.is_group:
        kind = "any" if condition.any_of else "all"
        return f"{kind} of ({'; '.join(map(condition_text, condition.members))})"
    subject = condition.variable + (f" {condition.argument}" if condition.argument else "")
    values = " or ".join(condition.values)
    words = [subject, "not" if condition.negate else "", condition.operator, values]
    return " ".join(word for word in words if word) + (", any case" if condition.ignore_case else "")
