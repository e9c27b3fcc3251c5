"""What a pod's probes find, and how long they take to find it out.

A pod answers the same until its annotations change, so probes need not be sent: the verdict is computed when the pod
starts and when its annotations change, and takes effect after as many periods as the probe's thresholds say. An
`httpGet` probe is answered by the same function that answers real requests (`routes`); a `tcpSocket` probe asks
whether the pod listens there; `exec` and `grpc` probes pass.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from simulator.kubelet import routes
from simulator.kubelet.behaviour import Behaviour

READINESS, LIVENESS = "readinessProbe", "livenessProbe"
_NAMES = {READINESS: "Readiness", LIVENESS: "Liveness"}


class Verdict(msgspec.Struct, frozen=True):
    """`failure` is "" when all containers' probes pass; seconds until the first probe, until a change counts."""

    failure: str
    delay: float
    rise: float
    fall: float


def verdict(kind: str, pod: Mapping[str, Any], behaviour: Behaviour, ports: Collection[int]) -> Verdict | None:
    """What the probes of this kind say of a pod that listens on `ports`; None when it has none."""
    found = [(c, c[kind]) for c in (pod.get("spec") or {}).get("containers") or [] if c.get(kind)]
    if not found:
        return None
    name = pod["metadata"]["name"]
    failures = [_failure(container, probe, name, behaviour, ports) for container, probe in found]
    failure = next((text for text in failures if text), "")

    def most(key: str, usual: int) -> int:
        return max(probe.get(key) or usual for _, probe in found)

    period = most("periodSeconds", 10)
    return Verdict(
        failure=f"{_NAMES[kind]} probe failed: {failure}" if failure else "",
        delay=most("initialDelaySeconds", 0) + (most("successThreshold", 1) - 1) * period,
        rise=most("successThreshold", 1) * period,
        fall=most("failureThreshold", 3) * period,
    )


def _failure(
    container: Mapping[str, Any], probe: Mapping[str, Any], pod: str, behaviour: Behaviour, ports: Collection[int]
) -> str:
    asked = probe.get("httpGet") or probe.get("tcpSocket")
    if asked is None:
        return ""
    port = _port(container, asked.get("port"))
    if port not in ports:
        return f"dial tcp :{port}: connect: connection refused"
    if not probe.get("httpGet"):
        return ""
    if asked.get("scheme") == "HTTPS":
        return "http: server gave HTTP response to HTTPS client"
    request = routes.Request("GET", asked.get("path") or "/", "1.1", [], b"", "127.0.0.1")
    answer = routes.answer(request, pod, behaviour)
    if answer.delay >= (probe.get("timeoutSeconds") or 1):
        return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    return "" if 200 <= answer.status < 400 else f"HTTP probe failed with statuscode: {answer.status}"


def _port(container: Mapping[str, Any], wanted: int | str | None) -> int:
    if isinstance(wanted, int):
        return wanted
    named = (p.get("containerPort") for p in container.get("ports") or [] if p.get("name") == wanted)
    return int(next(named, None) or (wanted if wanted and wanted.isdigit() else 0))
