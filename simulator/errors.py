"""Refusals in the form Kubernetes gives them: a ``Status`` object with code, reason, message and details.

Messages are Kubernetes' own (k8s.io/apimachinery/pkg/api/errors/errors.go), letter for letter: clients compare them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol


class Named(Protocol):
    """What an error needs to know of a resource: its group and its plural name."""

    @property
    def group(self) -> str: ...
    @property
    def plural(self) -> str: ...
    @property
    def kind(self) -> str: ...


class Cause(NamedTuple):
    """One reason why an object is invalid: a machine reason, a sentence, the field."""

    reason: str
    message: str
    field: str

    def as_json(self) -> dict[str, str]:
        return {"reason": self.reason, "message": self.message, "field": self.field}


class ApiError(Exception):
    """A refusal; ``status()`` is the body that the API answers with ``code``."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: dict[str, Any] | None = None,
        *,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.metadata = metadata or {}

    def status(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        body["code"] = self.code
        return body


class Expired(ApiError):
    """A resource version that the history no longer reaches (410)."""

    def __init__(self, message: str, *, metadata: dict[str, Any] | None = None) -> None:
        super().__init__(410, "Expired", message, metadata=metadata)


def qualified(resource: Named) -> str:
    """``pods`` or ``deployments.apps``."""
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


def details_of(resource: Named, name: str = "", *, kind: str | None = None, **more: Any) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if resource.group:
        details["group"] = resource.group
    details["kind"] = kind or resource.plural
    details.update(more)
    return details


def not_found(resource: Named, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{qualified(resource)} "{name}" not found', details_of(resource, name))


def no_such_path() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(resource: Named, name: str) -> ApiError:
    return ApiError(409, "AlreadyExists", f'{qualified(resource)} "{name}" already exists', details_of(resource, name))


def conflict(resource: Named, name: str, why: str | None = None) -> ApiError:
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {qualified(resource)} "{name}": {why}'
    return ApiError(409, "Conflict", message, details_of(resource, name))


def uid_conflict(resource: Named, name: str, wanted: str, found: str) -> ApiError:
    why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
    return conflict(resource, name, why)


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(resource: Named, name: str, why: str) -> ApiError:
    subject = f'{qualified(resource)} "{name}"' if name else qualified(resource)
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", details_of(resource, name))


def invalid(resource: Named, name: str, causes: Iterable[Cause]) -> ApiError:
    """422: one sentence for one cause, ``[a, b]`` for several (errors.NewInvalid)."""
    listed = list(causes)
    sentences = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in listed))
    said = sentences[0] if len(sentences) == 1 else "[" + ", ".join(sentences) + "]"
    title = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details = details_of(resource, name, kind=resource.kind, causes=[cause.as_json() for cause in listed])
    return ApiError(422, "Invalid", f'{title} "{name}" is invalid: {said}', details)


def method_not_allowed() -> ApiError:
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, {})
