"""``/healthz``, ``/livez`` and ``/readyz``, and the checks below them (apiserver/pkg/server/healthz).

What a real API server waits for at its start has happened here before the port is opened, so the checks pass.
"""

from __future__ import annotations

import json

from simulator.api.answer import Answer, text
from simulator.api.request import Request

PATHS = ("/healthz", "/livez", "/readyz")
HOOKS = (
    "start-apiserver-admission-initializer",
    "generic-apiserver-start-informers",
    "priority-and-fairness-config-consumer",
    "priority-and-fairness-filter",
    "storage-object-count-tracker-hook",
    "start-apiextensions-informers",
    "start-apiextensions-controllers",
    "crd-informer-synced",
    "start-system-namespaces-controller",
    "start-cluster-authentication-info-controller",
    "start-kube-apiserver-identity-lease-controller",
    "start-kube-apiserver-identity-lease-garbage-collector",
    "start-legacy-token-tracking-controller",
    "start-service-ip-repair-controllers",
    "rbac/bootstrap-roles",
    "scheduling/bootstrap-system-priority-classes",
    "priority-and-fairness-config-producer",
    "bootstrap-controller",
    "start-kubernetes-service-cidr-controller",
    "aggregator-reload-proxy-client-cert",
    "start-kube-aggregator-informers",
    "apiservice-status-local-available-controller",
    "apiservice-status-remote-available-controller",
    "apiservice-registration-controller",
    "apiservice-discovery-controller",
    "kube-apiserver-autoregistration",
    "apiservice-openapi-controller",
    "apiservice-openapiv3-controller",
)
COMMON = (*(f"poststarthook/{hook}" for hook in HOOKS), "autoregister-completion")
CHECKS = {
    "/healthz": ("ping", "log", "etcd", *COMMON),
    "/livez": ("ping", "log", "etcd", *COMMON),
    "/readyz": ("ping", "log", "etcd", "etcd-readiness", "informer-sync", *COMMON, "shutdown"),
}


def answer(request: Request) -> Answer:
    """All checks of a path, or the one that is named below it; whatever the method."""
    path = request.target.path
    root = next(root for root in PATHS if path.startswith(root))
    named = path.removeprefix(root).removeprefix("/")
    if named or path not in (root, f"{root}/"):
        return (
            text("ok") if path.startswith(f"{root}/") and named in CHECKS[root] else text("404 page not found\n", 404)
        )
    if "verbose" not in request.query:
        return text("ok")
    excluded = request.all("exclude")
    lines = [f"[+]{check} {'excluded: ' if check in excluded else ''}ok" for check in CHECKS[root]]
    strange = sorted({check for check in excluded if check not in CHECKS[root]})
    if strange:
        quoted = ", ".join(json.dumps(check, ensure_ascii=False) for check in strange)
        lines.append(f"warn: some health checks cannot be excluded: no matches for {quoted}")
    return text("\n".join([*lines, f"{root[1:]} check passed\n"]))
