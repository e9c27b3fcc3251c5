"""The Kubernetes objects that Edge reads, naming only the fields it uses.

Decoded straight from bytes: what is not named is skipped without being built. Go writes a nil slice or map as `null`,
so every list may be None; field names are spelled out because Kubernetes' own are not regular (`clusterIP`).
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct, field

# lists and watch events


class ListMeta(Struct, frozen=True, gc=False):
    """A list's version and, when more pages follow, the opaque token that asks for the next."""

    resource_version: str | None = field(default=None, name="resourceVersion")
    continue_token: str | None = field(default=None, name="continue")


class ObjectList(Struct, frozen=True, gc=False):
    """A page of a list. Items stay bytes, so that one that cannot be read does not hide the others."""

    metadata: ListMeta = ListMeta()
    items: list[Raw] | None = None
    kind: str = ""


class Event(Struct, frozen=True, gc=False):
    """One line of a watch: ADDED, MODIFIED, DELETED, BOOKMARK, or ERROR with a Status as its object."""

    type: str
    object: Raw


class StatusDetails(Struct, frozen=True, gc=False):
    retry_after_seconds: float | None = field(default=None, name="retryAfterSeconds")


class Status(Struct, frozen=True, gc=False):
    """What an API server answers instead of an object."""

    kind: str = ""
    code: int | None = None
    reason: str | None = None
    message: str | None = None
    details: StatusDetails | None = None


class ObjectMeta(Struct, frozen=True, gc=False):
    """What identifies an object and a version of it."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = field(default="", name="resourceVersion")


class AnyObject(Struct, frozen=True, gc=False):
    """An object of any kind, of which only the identity is read."""

    metadata: ObjectMeta = ObjectMeta()


# namespaces and services


class Namespace(Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()


class ServicePort(Struct, frozen=True, gc=False):
    port: int
    name: str | None = None
    protocol: str | None = None


class ServiceSpec(Struct, frozen=True, gc=False):
    type: str | None = None
    ports: list[ServicePort] | None = None
    ip_families: list[str] | None = field(default=None, name="ipFamilies")


class Service(Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: ServiceSpec = ServiceSpec()


# endpoint slices (discovery.k8s.io/v1)


class ObjectReference(Struct, frozen=True, gc=False):
    kind: str | None = None
    name: str | None = None


class EndpointConditions(Struct, frozen=True, gc=False):
    """Each may be absent; `edge.kube.endpoints` says what that means."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class SliceEndpoint(Struct, frozen=True, gc=False):
    addresses: list[str] | None = None
    conditions: EndpointConditions | None = None
    target_ref: ObjectReference | None = field(default=None, name="targetRef")
    node_name: str | None = field(default=None, name="nodeName")
    zone: str | None = None


class EndpointPort(Struct, frozen=True, gc=False):
    """A port of a slice or of a subset; nil port means all ports, nil name the empty name, nil protocol TCP."""

    port: int | None = None
    name: str | None = None
    protocol: str | None = None


class SliceLabels(Struct, frozen=True, gc=False):
    service: str | None = field(default=None, name="kubernetes.io/service-name")


class SliceMeta(Struct, frozen=True, gc=False):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = field(default="", name="resourceVersion")
    labels: SliceLabels | None = None


class EndpointSlice(Struct, frozen=True, gc=False):
    metadata: SliceMeta = SliceMeta()
    address_type: str | None = field(default=None, name="addressType")
    endpoints: list[SliceEndpoint] | None = None
    ports: list[EndpointPort] | None = None


# endpoints (v1, deprecated since Kubernetes 1.33, followed where slices may not be read)


class EndpointAddress(Struct, frozen=True, gc=False):
    ip: str = ""
    node_name: str | None = field(default=None, name="nodeName")
    target_ref: ObjectReference | None = field(default=None, name="targetRef")


class EndpointSubset(Struct, frozen=True, gc=False):
    addresses: list[EndpointAddress] | None = None
    not_ready_addresses: list[EndpointAddress] | None = field(default=None, name="notReadyAddresses")
    ports: list[EndpointPort] | None = None


class EndpointsAnnotations(Struct, frozen=True, gc=False):
    over_capacity: str | None = field(default=None, name="endpoints.kubernetes.io/over-capacity")


class EndpointsMeta(Struct, frozen=True, gc=False):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = field(default="", name="resourceVersion")
    annotations: EndpointsAnnotations | None = None


class Endpoints(Struct, frozen=True, gc=False):
    metadata: EndpointsMeta = EndpointsMeta()
    subsets: list[EndpointSubset] | None = None


# access reviews (authorization.k8s.io/v1)


class ReviewStatus(Struct, frozen=True, gc=False):
    allowed: bool = False


class AccessReview(Struct, frozen=True, gc=False):
    """The answer to a SelfSubjectAccessReview."""

    status: ReviewStatus
    kind: str = ""


UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""What decoding bytes from outside can raise: not JSON, not the shape, not UTF-8, nested too deep."""
