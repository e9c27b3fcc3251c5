"""Everything that is wrong with a rule or an application, each problem with its field.

What passes here compiles (`edge.rules.compile`), and what compiles does to a request what docs/rules.md says.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator

from edge.model.document import ApplicationDocument
from edge.model.rule import Rule
from edge.rules import limits, names
from edge.rules.actions import TERMINAL
from edge.rules.checks.actions import check_action
from edge.rules.checks.conditions import check_condition, count_conditions
from edge.rules.checks.upstreams import check_upstream
from edge.rules.problem import Problem, shown, under

__all__ = ["Problem", "document_problems", "domain_problem", "problems"]


def problems(rule: Rule, upstreams: Collection[str]) -> list[Problem]:
    """All problems of a rule, with fields like `actions[0].url`. `upstreams` are the ids that exist."""
    return list(_check_rule(rule, upstreams))


def document_problems(document: ApplicationDocument) -> list[Problem]:
    """All problems of an application, with fields like `rules[2].actions[0].url`."""
    return list(_check_document(document))


def domain_problem(domain: str) -> str | None:
    """What is wrong with a domain, which is a host name or an IP address in lower case, or `*.` and a host name."""
    if "://" in domain or "/" in domain:
        return f"expected a host name alone, without scheme and path, but got {shown(domain)}"
    if not domain.isascii():
        return f"expected a host name in ASCII, but got {shown(domain)}{_in_ascii(domain)}"
    if domain != domain.lower():
        return f"expected lower case, but got {shown(domain)}"
    if domain.startswith("["):
        return None if _is_bracketed_address(domain) else f"{shown(domain)} is not an IPv6 address in brackets"
    if ":" in domain:
        return f"expected a host name without port (an IPv6 address in brackets), but got {shown(domain)}"
    if not names.is_host_name(domain.removeprefix("*.")):
        return f"expected a host name like www.example.com, or *.example.com, but got {shown(domain)}"
    return None


def _in_ascii(domain: str) -> str:
    try:
        return f"; write {domain.lower().encode('idna').decode('ascii')}"  # RFC 5890: what clients send
    except UnicodeError:
        return ""


def _is_bracketed_address(domain: str) -> bool:
    try:
        return domain.endswith("]") and str(ipaddress.IPv6Address(domain[1:-1])) == domain[1:-1]
    except ValueError:
        return False


def _check_rule(rule: Rule, upstreams: Collection[str]) -> Iterator[Problem]:
    if (count := sum(map(count_conditions, rule.conditions))) > limits.CONDITIONS:
        yield Problem("conditions", f"expected at most {limits.CONDITIONS} conditions, but got {count}")
    if not rule.actions:
        yield Problem("actions", "a rule needs at least one action")
    if len(rule.actions) > limits.ACTIONS:
        yield Problem("actions", f"expected at most {limits.ACTIONS} actions, but got {len(rule.actions)}")
    for index, condition in enumerate(rule.conditions[: limits.CONDITIONS]):
        yield from under(f"conditions[{index}]", check_condition(condition))
    ended = False
    for index, action in enumerate(rule.actions[: limits.ACTIONS]):
        yield from under(f"actions[{index}]", check_action(action, upstreams))
        if ended:
            yield Problem(
                f"actions[{index}]", "never runs: a proxy, redirect or respond action before it ends the rule"
            )
        ended = ended or isinstance(action, TERMINAL)


def _check_document(document: ApplicationDocument) -> Iterator[Problem]:
    if not document.name.strip():
        yield Problem("name", "an application needs a name")
    yield from under("domains", _check_domains(document))
    if len(document.upstreams) > limits.UPSTREAMS:
        yield Problem("upstreams", f"expected at most {limits.UPSTREAMS} upstreams, but got {len(document.upstreams)}")
    if len(document.rules) > limits.RULES:
        yield Problem("rules", f"expected at most {limits.RULES} rules, but got {len(document.rules)}")
    ids: dict[str, None] = {}
    for index, upstream in enumerate(document.upstreams):
        yield from under(f"upstreams[{index}]", check_upstream(upstream))
        if upstream.id in ids:
            yield Problem(f"upstreams[{index}].id", f"the id {shown(upstream.id)} is there twice")
        ids[upstream.id] = None
    for index, rule in enumerate(document.rules[: limits.RULES]):
        yield from under(f"rules[{index}]", _check_rule(rule, ids))


def _check_domains(document: ApplicationDocument) -> Iterator[Problem]:
    if len(document.domains) > limits.DOMAINS:
        yield Problem("", f"expected at most {limits.DOMAINS} domains, but got {len(document.domains)}")
    seen: dict[str, None] = {}
    for index, domain in enumerate(document.domains):
        message = domain_problem(domain)
        if message is not None:
            yield Problem(f"[{index}]", message)
        elif domain in seen:
            yield Problem(f"[{index}]", f"the domain {domain} is there twice")
        seen[domain] = None
