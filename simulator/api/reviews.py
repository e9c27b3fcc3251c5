"""Reviews: who am I, what may I do, what may somebody else do. Answered, never stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.access.rbac import Attributes
from simulator.access.tokens import AUDIENCE
from simulator.access.users import User
from simulator.api import bodies
from simulator.api.answer import Answer
from simulator.api.backend import Call
from simulator.api.negotiation import negotiate
from simulator.api.subresources import object_answer
from simulator.api.writing import tracker
from simulator.errors import bad_request
from simulator.metadata import timestamp
from simulator.resource import Object, Resource
from simulator.schema.normalise import as_kubernetes_writes


def review(call: Call, resource: Resource) -> Answer:
    """Answer a review of the resource's kind."""
    form = negotiate(call.request.header("accept"))
    obj = bodies.read(call.request, resource, call.warnings)
    if resource.kind == "SelfSubjectReview":
        obj["metadata"] = {"creationTimestamp": timestamp(call.backend.clock.now())}
    else:
        tracker(call, resource)(obj, None)
    obj["status"] = REVIEWS[resource.kind](call, obj.get("spec") or {})
    as_kubernetes_writes(resource, obj)
    return object_answer(call, obj, form, 201)


def _self(call: Call, spec: Object) -> Object:
    return {"userInfo": call.user.as_json()}


def _self_access(call: Call, spec: Object) -> Object:
    return _access(call, call.user, spec)


def _other_access(call: Call, spec: Object) -> Object:
    groups = spec.get("groups") or ()
    if not spec.get("user") and not groups:
        raise bad_request("spec.user: Invalid value: at least one of user or group must be specified")
    return _access(call, User(spec.get("user") or "", spec.get("uid") or "", tuple(groups)), spec)


def _access(call: Call, user: User, spec: Object) -> Object:
    wanted, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (wanted is None) == (path is None):
        raise bad_request("exactly one of nonResourceAttributes or resourceAttributes must be specified")
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
    audiences = tuple(spec.get("audiences") or (AUDIENCE,))
    user = call.backend.authenticator.check(spec.get("token") or "", audiences)
    if user is None:
        return {"user": {}, "error": "[invalid bearer token]"}
    return {"authenticated": True, "user": user.as_json(), "audiences": list(audiences)}


REVIEWS: dict[str, Callable[[Call, Object], Object]] = {
    "SelfSubjectReview": _self,
    "SelfSubjectAccessReview": _self_access,
    "SubjectAccessReview": _other_access,
    "LocalSubjectAccessReview": _other_access,
    "SelfSubjectRulesReview": _self_rules,
    "TokenReview": _token,
}
