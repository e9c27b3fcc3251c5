"""What a PodDisruptionBudget must satisfy (pkg/apis/policy/validation)."""

from __future__ import annotations

from simulator.errors import Cause
from simulator.objects.resource import Object
from simulator.objects.validation import bad, unsupported

POLICIES = ("AlwaysAllow", "IfHealthyBudget")
SAYS_PERCENT = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
SAYS_PERCENT += "regex used for validation is '[0-9]+%')"


def validate_budget(obj: Object, old: Object | None) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes: list[Cause] = []
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        causes.append(bad("spec", spec, "minAvailable and maxUnavailable cannot be both set"))
    for field in ("minAvailable", "maxUnavailable"):
        if spec.get(field) is not None:
            causes += _amount_problems(f"spec.{field}", spec[field])
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in POLICIES:
        causes.append(unsupported("spec.unhealthyPodEvictionPolicy", policy, POLICIES))
    return causes


def _amount_problems(field: str, value: int | str) -> list[Cause]:
    if isinstance(value, int):
        return [bad(field, value, "must be greater than or equal to 0")] if value < 0 else []
    if not (value.endswith("%") and value[:-1].isascii() and value[:-1].isdigit()):
        return [bad(field, value, SAYS_PERCENT)]
    return [bad(field, value, "must not be greater than 100%")] if int(value[:-1][:9]) > 100 else []
