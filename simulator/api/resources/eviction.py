"""Evicting a pod, which its PodDisruptionBudget may refuse (pkg/registry/core/pod/storage/eviction.go)."""

from __future__ import annotations

from simulator.api.backend import Call
from simulator.api.decoding import bodies
from simulator.api.resources import writing
from simulator.controllers.scheduling import budgets
from simulator.errors import ApiError, Cause, bad_request, not_found
from simulator.kinds.table import RESOURCES
from simulator.objects.metadata import timestamp
from simulator.objects.resource import Object, Resource

BUDGETS = RESOURCES.of("policy/v1", "PodDisruptionBudget")
REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
ENDED = ("Succeeded", "Failed", "Pending")


def evict(call: Call, resource: Resource) -> None:
    """Delete the pod when its budget allows. Raises ``ApiError``: 429 when it does not, 500 for two budgets."""
    wanted = bodies.read(call.request, resource, call.warnings, "Eviction")
    options = wanted.get("deleteOptions") or {}
    target, store = call.request.target, call.backend.store
    if (wanted.get("metadata") or {}).get("name") not in (None, "", target.name):
        raise bad_request("name in URL does not match name in Eviction object")
    pod = store.get(resource, target.namespace, target.name)
    if pod is None:
        raise not_found(resource, target.name)
    trial = writing.dry_run(call) or bool(options.get("dryRun"))
    if not _needs_no_budget(pod):
        _ask(call, pod, trial)
    store.delete(
        resource, target.namespace, target.name, grace_seconds=options.get("gracePeriodSeconds"),
        preconditions=options.get("preconditions"), dry_run=trial,
    )  # fmt: skip


def _needs_no_budget(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp")) or (pod.get("status") or {}).get("phase") in ENDED


def _ask(call: Call, pod: Object, trial: bool) -> None:
    metadata = pod["metadata"]
    store = call.backend.store
    labels = metadata.get("labels") or {}
    found = [one for one in store.list(BUDGETS, metadata["namespace"]) if budgets.selects(one, labels)]
    if len(found) > 1:
        why = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise ApiError(500, "InternalError", f"Internal error occurred: {why}", {"causes": [{"message": why}]})
    if not found or _unready_may_go(found[0], pod):
        return
    budget = found[0]
    status = budget.get("status") or {}
    name = budget["metadata"]["name"]
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        raise _refusal(f"The disruption budget {name} is still being processed by the server.", retry=10)
    allowed = status.get("disruptionsAllowed") or 0
    if allowed <= 0:
        desired, healthy = status.get("desiredHealthy") or 0, status.get("currentHealthy") or 0
        raise _refusal(f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently")
    if not trial:
        now = call.backend.clock.now()
        status["disruptionsAllowed"] = allowed - 1
        status["disruptedPods"] = {**(status.get("disruptedPods") or {}), metadata["name"]: timestamp(now)}
        status["conditions"] = budgets.conditions(budget, allowed - 1, now)
        store.update(BUDGETS, budget, subresource="status")


def _unready_may_go(budget: Object, pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    if any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions):
        return False
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    desired = status.get("desiredHealthy") or 0
    return 0 < desired <= (status.get("currentHealthy") or 0)


def _refusal(why: str, retry: int = 0) -> ApiError:
    cause = Cause("DisruptionBudget", why, "")
    details: Object = {"causes": [{"reason": cause.reason, "message": cause.message}]}
    if retry:
        details["retryAfterSeconds"] = retry
    return ApiError(429, "TooManyRequests", REFUSED, details)
