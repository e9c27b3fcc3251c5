"""What is wrong with an action that sends requests to upstreams."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise

from edge.model.actions import Proxy, Retries, WeightedUpstream
from edge.rules import limits
from edge.rules.checks.content import check_key
from edge.rules.problem import Problem, shown, under


def check_proxy(action: Proxy, upstreams: Collection[str]) -> Iterator[Problem]:
    """`upstreams` are the ids that exist."""
    if bool(action.upstream) == bool(action.upstreams):
        came = "both" if action.upstream else "none"
        yield Problem("upstream", f"proxy takes either an upstream or several upstreams with weights, but got {came}")
    elif action.upstream:
        yield from _check_id("upstream", action.upstream, upstreams)
    else:
        yield from _check_split(action.upstreams, upstreams)
    if action.key and not action.upstreams:
        yield Problem("key", "a key says which of several upstreams takes a request; here there is one")
    yield from check_key(action.key, same_for_all=False)
    if action.backup:
        yield from _check_id("backup", action.backup, upstreams)
        if action.backup == action.upstream or [action.backup] == [each.upstream for each in action.upstreams]:
            yield Problem("backup", "a backup is another upstream than the one that it stands in for")
    if action.retries is not None:
        yield from under("retries", _check_retries(action.retries))
    if action.timeout is not None:
        yield from _check_time("timeout", action.timeout)


def _check_id(field: str, id: str, upstreams: Collection[str]) -> Iterator[Problem]:
    if id not in upstreams:
        yield Problem(field, f"the application has no upstream with the id {shown(id)}")


def _check_split(split: tuple[WeightedUpstream, ...], upstreams: Collection[str]) -> Iterator[Problem]:
    if len(split) > limits.ENTRIES:
        yield Problem("upstreams", f"expected at most {limits.ENTRIES} upstreams, but got {len(split)}")
    for index, each in enumerate(split[: limits.ENTRIES]):
        yield from _check_id(f"upstreams[{index}].upstream", each.upstream, upstreams)
        if not 0 <= each.weight <= limits.WEIGHT:
            text = f"expected a weight from 0 to {limits.WEIGHT}, but got {each.weight}"
            yield Problem(f"upstreams[{index}].weight", text)
    if any(one == other for one, other in pairwise(sorted(each.upstream for each in split))):
        yield Problem("upstreams", "an upstream is there twice; raise its weight instead")
    if not any(each.weight for each in split):
        yield Problem("upstreams", "every weight is 0: no upstream would take a request")


def _check_retries(retries: Retries) -> Iterator[Problem]:
    if not 1 <= retries.attempts <= limits.ATTEMPTS:
        yield Problem("attempts", f"expected attempts from 1 to {limits.ATTEMPTS}, but got {retries.attempts}")
    if retries.per_try_timeout is not None:
        yield from _check_time("per_try_timeout", retries.per_try_timeout)
    for index, status in enumerate(retries.statuses):
        if not 400 <= status <= 599:
            yield Problem(f"statuses[{index}]", f"expected a status code from 400 to 599, but got {status}")
    if len(retries.statuses) > limits.ENTRIES or len(retries.conditions) > limits.ENTRIES:
        yield Problem("", f"expected at most {limits.ENTRIES} conditions and as many statuses")


def _check_time(field: str, seconds: float) -> Iterator[Problem]:
    if not 0.05 <= seconds <= limits.TIMEOUT:
        yield Problem(field, f"expected seconds from 0.05 to {limits.TIMEOUT:,}, but got {seconds}")
