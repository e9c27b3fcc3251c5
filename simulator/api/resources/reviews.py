"""Reviews: who am I, what may I do, what may somebody else do. Answered, never stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.access.rbac import Attributes
from simulator.access.tokens import AUDIENCE
from simulator.access.users import User
from simulator.api.answer import Answer
from simulator.api.backend import Call
from simulator.api.decoding import bodies
from simulator.api.negotiation import negotiate
from simulator.api.resources.subresources import object_answer
from simulator.api.resources.writing import tracker
from simulator.errors import Cause, bad_request, invalid
from simulator.objects.metadata import timestamp
from simulator.objects.resource import Object, Resource
from simulator.objects.validation import bad
from simulator.schema.normalise import as_kubernetes_writes


def review(call: Call, resource: Resource) -> Answer:
    """Answer a review of the resource's kind."""
    form = negotiate(call.request.header("accept"))
    obj = bodies.read(call.request, resource, call.warnings)
    if resource.kind == "SelfSubjectReview":
        obj["metadata"] = {"creationTimestamp": timestamp(call.backend.clock.now())}
    else:
        tracker(call, resource)(obj, None)
    problems = _problems(call, resource, obj)
    if problems:
        raise invalid(resource, "", problems)
    obj["status"] = REVIEWS[resource.kind](call, obj.get("spec") or {})
    as_kubernetes_writes(resource, obj)
    return object_answer(call, obj, form, 201)


def _problems(call: Call, resource: Resource, obj: Object) -> list[Cause]:
    """pkg/apis/authorization/validation."""
    spec, causes = obj.get("spec") or {}, []
    if not resource.kind.endswith("AccessReview"):
        return []
    wanted, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if wanted is not None and path is not None:
        why = "cannot be specified in combination with resourceAttributes"
        causes.append(bad("spec.nonResourceAttributes", path, why))
    if wanted is None and path is None:
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        causes.append(bad("spec.resourceAttributes", None, why))
    if not resource.kind.startswith("Self") and not spec.get("user") and not spec.get("groups"):
        causes.append(bad("spec.user", "", "at least one of user or group must be specified"))
    if resource.kind.startswith("Local"):
        namespace = call.request.target.namespace
        obj["metadata"]["namespace"] = namespace
        if wanted is not None and wanted.get("namespace") != namespace:
            field = "spec.resourceAttributes.namespace"
            causes.append(bad(field, wanted.get("namespace") or "", "must match metadata.namespace"))
        if path is not None:
            causes.append(bad("spec.nonResourceAttributes", path, "disallowed on this kind of request"))
    return causes


def _self(call: Call, spec: Object) -> Object:
    return {"userInfo": call.user.as_json()}


def _self_access(call: Call, spec: Object) -> Object:
    return _access(call, call.user, spec)


def _other_access(call: Call, spec: Object) -> Object:
    return _access(call, User(spec.get("user") or "", spec.get("uid") or "", tuple(spec.get("groups") or ())), spec)


def _access(call: Call, user: User, spec: Object) -> Object:
    wanted, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    allowed, reason = call.backend.authorizer.allows(user, _attributes(wanted, path))
    return {"allowed": allowed, "reason": reason}


def _attributes(wanted: Object | None, path: Object | None) -> Attributes:
    if wanted is None:
        assert path is not None
        return Attributes(path.get("verb", ""), path=path.get("path", ""))
    return Attributes(
        wanted.get("verb", ""),
        wanted.get("group", ""),
        wanted.get("resource", ""),
        wanted.get("subresource", ""),
        wanted.get("namespace", ""),
        wanted.get("name", ""),
    )


def _self_rules(call: Call, spec: Object) -> Object:
    if not spec.get("namespace"):
        raise bad_request("no namespace on request")
    rules = call.backend.authorizer.rules(call.user, spec.get("namespace") or "")
    resources: list[Any] = []
    others: list[Any] = []
    for rule in rules:
        if rule.get("nonResourceURLs"):
            others.append({key: rule[key] for key in ("verbs", "nonResourceURLs")})
        else:
            known = ("verbs", "apiGroups", "resources", "resourceNames")
            resources.append({key: rule[key] for key in known if rule.get(key)})
    return {"resourceRules": resources, "nonResourceRules": others, "incomplete": False}


def _token(call: Call, spec: Object) -> Object:
    if not spec.get("token"):
        raise bad_request("token is required for TokenReview in authentication")
    audiences = tuple(spec.get("audiences") or (AUDIENCE,))
    found = call.backend.authenticator.review(spec["token"], audiences)
    if found is None:
        return {"user": {}, "error": "[invalid bearer token]"}
    return {"authenticated": True, "user": found[0].as_json(), "audiences": found[1]}


REVIEWS: dict[str, Callable[[Call, Object], Object]] = {
    "SelfSubjectReview": _self,
    "SelfSubjectAccessReview": _self_access,
    "SubjectAccessReview": _other_access,
    "LocalSubjectAccessReview": _other_access,
    "SelfSubjectRulesReview": _self_rules,
    "TokenReview": _token,
}
