"""What is wrong with an action that says who may have an answer."""

from __future__ import annotations

from collections.abc import Iterator

from edge.model.actions import IpAccess
from edge.rules import limits, networks
from edge.rules.problem import Problem


def check_ip_access(action: IpAccess) -> Iterator[Problem]:
    if not action.allow and not action.deny:
        yield Problem("", "ip-access needs networks in allow, in deny, or in both")
    for field, texts in (("allow", action.allow), ("deny", action.deny)):
        if len(texts) > limits.NETWORKS:
            yield Problem(field, f"expected at most {limits.NETWORKS} networks, but got {len(texts)}")
        for index, text in enumerate(texts[: limits.NETWORKS]):
            try:
                networks.parse(text)
            except ValueError as error:
                yield Problem(f"{field}[{index}]", str(error))
    if not 400 <= action.status <= 599:
        yield Problem("status", f"a refusal has a status code from 400 to 599, not {action.status}")
