"""Expectations on traffic and on a single request."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar, Literal

import httpx
from msgspec import UNSET, UnsetType

from scenarios.errors import StepError
from scenarios.steps.base import Expectation, Seen
from scenarios.traffic import Running, percentile
from scenarios.values import Comparison, Duration, Number, Part, compares, seconds
from scenarios.world import World


class Latency(Part):
    """Percentiles since the traffic began."""

    p50: Comparison | UnsetType = UNSET
    p90: Comparison | UnsetType = UNSET
    p99: Comparison | UnsetType = UNSET
    p100: Comparison | UnsetType = UNSET


class TrafficWanted(Part):
    """Of one traffic. `errors`: of all requests so far that failed or were answered with 400 and more; `outcomes`: by
    class (`refused`, `closed`, `timeout`, `late`, `malformed`, or a status). `pods`, `share` and `most` are of the last
    `window`."""

    errors: Number | UnsetType = UNSET
    outcomes: dict[str, Number] | UnsetType = UNSET
    answers: Number | UnsetType = UNSET
    latency: Latency | UnsetType = UNSET
    pods: Number | UnsetType = UNSET  # how many answer
    share: Comparison | UnsetType = UNSET  # of the pod with the fewest answers
    most: Comparison | UnsetType = UNSET  # the share of the pod with the most
    to_ended_pods: Comparison | UnsetType = UNSET  # how long after its end began a pod still was asked
    window: Duration = "1s"


class TrafficSeen(Expectation):
    """How the requests of `traffic` went so far."""

    subject: ClassVar[str] = "traffic"

    traffic: dict[str, TrafficWanted]

    async def look(self, world: World) -> Seen:
        holds, shown = True, []
        for name, wanted in self.traffic.items():
            seen = _judge(wanted, world.traffic[name], world)
            holds = holds and seen.holds
            shown.append(f"{name}: {seen.observed}")
        return Seen(holds, "; ".join(shown))


def _judge(wanted: TrafficWanted, running: Running, world: World) -> Seen:
    checks, shown = [], [f"{len(running.samples)} answers"]
    if not isinstance(wanted.outcomes, UnsetType):
        checks += [compares(number, running.outcomes[name]) for name, number in wanted.outcomes.items()]
    if not isinstance(wanted.errors, UnsetType):
        checks.append(compares(wanted.errors, running.failed))
    bad = {k: v for k, v in sorted(running.outcomes.items()) if not k.isdigit() or int(k) >= 400}
    shown.append(f"{running.failed} errors" + (f" {bad}" if bad else ""))
    if not isinstance(wanted.answers, UnsetType):
        checks.append(compares(wanted.answers, len(running.samples)))
    if not isinstance(wanted.latency, UnsetType):
        _judge_latency(wanted.latency, running, checks, shown)
    if any(asked is not UNSET for asked in (wanted.pods, wanted.share, wanted.most)):
        _judge_pods(wanted, running, world.timeline.now(), checks, shown)
    if not isinstance(wanted.to_ended_pods, UnsetType):
        latest = asked_after_end(running, world.pods_ended)
        checks.append(compares(wanted.to_ended_pods, latest))
        shown.append(f"an ended pod was still asked after {latest:.3f} s")
    return Seen(all(checks), ", ".join(shown))


def _judge_latency(wanted: Latency, running: Running, checks: list[bool], shown: list[str]) -> None:
    latencies = [sample.seconds for sample in running.samples]
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p100", 1.0)):
        asked = getattr(wanted, name)
        if asked is not UNSET:
            took = percentile(latencies, share)
            checks.append(compares(asked, took))
            shown.append(f"{name} {took * 1000:.1f}ms")


def _judge_pods(wanted: TrafficWanted, running: Running, now: float, checks: list[bool], shown: list[str]) -> None:
    since = now - seconds(wanted.window)
    pods: Counter[str] = Counter()
    for sample in reversed(running.samples):
        if sample.at + sample.seconds < since:
            break
        if sample.pod and not sample.failed and sample.at >= since:
            pods[sample.pod] += 1
    total = pods.total()
    least, most = (pick(pods.values()) / total if total else 0.0 for pick in (min, max))
    if not isinstance(wanted.pods, UnsetType):
        checks.append(compares(wanted.pods, len(pods)))
    if not isinstance(wanted.share, UnsetType):
        checks.append(total > 0 and compares(wanted.share, least))
    if not isinstance(wanted.most, UnsetType):
        checks.append(total > 0 and compares(wanted.most, most))
    shown.append(
        f"{len(pods)} pods answered in the last {wanted.window}, from {least:.0%} to {most:.0%} of {total} each"
    )


def asked_after_end(running: Running, ended: dict[str, float]) -> float:
    """Seconds between a pod's end beginning and the last request that was due later and reached it; the longest."""
    longest = 0.0
    for sample in running.samples:
        if sample.pod in ended:
            longest = max(longest, sample.at - ended[sample.pod])
    return longest


class Asked(Part):
    """One request."""

    host: str = ""  # none: the first domain of the first application
    path: str = "/"
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    headers: dict[str, str] | UnsetType = UNSET
    body: str = ""
    gateway: str = "gateway-1"


class RequestSeen(Expectation):
    """The answer to a single request through a gateway; asked again at every look."""

    subject: ClassVar[str] = "request"

    request: Asked
    status: int | UnsetType = UNSET
    body: str | UnsetType = UNSET  # a part of it
    headers: dict[str, str] | UnsetType = UNSET

    async def look(self, world: World) -> Seen:
        asked, gateways = self.request, world.house.gateways
        if asked.gateway not in gateways:
            raise StepError(f"expected one of {', '.join(gateways)}, got {asked.gateway!r}")
        host = asked.host or world.house.given.applications[0].domains[0]
        headers = {} if isinstance(asked.headers, UnsetType) else asked.headers
        url = gateways[asked.gateway][0] + asked.path
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            answer = await client.request(asked.method, url, headers={"host": host, **headers}, content=asked.body)
        holds = self.status in (UNSET, answer.status_code)
        holds = holds and (isinstance(self.body, UnsetType) or self.body in answer.text)
        if not isinstance(self.headers, UnsetType):
            holds = holds and all(answer.headers.get(name) == value for name, value in self.headers.items())
        shown = {} if isinstance(self.headers, UnsetType) else {name: answer.headers.get(name) for name in self.headers}
        return Seen(holds, f"{answer.status_code} {answer.text[:120]!r}" + (f" {shown}" if shown else ""))
