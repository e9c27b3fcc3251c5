"""authentication.k8s.io/v1 and authorization.k8s.io/v1: reviews, which are answered and never stored."""

from simulator.kinds.rows import row
from simulator.objects.resource import Resource

REVIEWS = {"verbs": ("create",), "namespaced": False}

ROWS: tuple[Resource, ...] = (
    row("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", **REVIEWS),
    row("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", **REVIEWS),
    row(
        "authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews",
        verbs=("create",),
    ),
    row("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", **REVIEWS),
    row("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", **REVIEWS),
    row("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", **REVIEWS),
)  # fmt: skip
