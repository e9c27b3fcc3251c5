"""The kinds that Edge follows: their paths, their names in RBAC, and their decoders."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeAlias, TypeVar
from urllib.parse import quote

import msgspec

from edge.kube.types import Endpoints, EndpointSlice, Namespace, Service


class Meta(Protocol):
    """What every object's metadata has."""

    @property
    def name(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def resource_version(self) -> str: ...


class Object(Protocol):
    """Any Kubernetes object."""

    @property
    def metadata(self) -> Any: ...


T = TypeVar("T", bound=Object)

Key: TypeAlias = tuple[str, str]
"""(namespace, name); the namespace is empty for cluster-scoped kinds."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


class Resource(Generic[T]):
    """A kind as the API server's paths and RBAC rules name it."""

    def __init__(self, name: str, group: str, type: type[T], *, namespaced: bool = True) -> None:
        self.name = name
        self.group = group
        self.namespaced = namespaced
        self.root = f"/apis/{group}/v1" if group else "/api/v1"
        self.decode: Callable[[msgspec.Raw], T] = msgspec.json.Decoder(type).decode

    def __repr__(self) -> str:
        return f"<Resource {self.title}>"

    @property
    def title(self) -> str:
        """The resource as RBAC errors name it: endpointslices.discovery.k8s.io."""
        return f"{self.name}.{self.group}" if self.group else self.name

    def path(self, namespace: str = "") -> str:
        """The path of the collection: of one namespace, or, without it, of the whole cluster."""
        return (
            f"{self.root}/namespaces/{quote(namespace, safe='')}/{self.name}"
            if namespace
            else f"{self.root}/{self.name}"
        )


NAMESPACES = Resource("namespaces", "", Namespace, namespaced=False)
SERVICES = Resource("services", "", Service)
SLICES = Resource("endpointslices", "discovery.k8s.io", EndpointSlice)
ENDPOINTS = Resource("endpoints", "", Endpoints)


def is_name(text: str) -> bool:
    """Whether `text` can be the name of a namespace or service (RFC 1123 subdomain); others are never asked for."""
    return _NAME.fullmatch(text) is not None
