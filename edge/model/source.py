"""What endpoints belong to. Upstreams name sources; endpoints never belong to an upstream."""

from __future__ import annotations

import sys

import msgspec

from edge.model.endpoint import Endpoint
from edge.model.revision import Revision


class Source(msgspec.Struct, frozen=True, gc=False):
    """(Kubernetes cluster, namespace, service, port). `cluster` is the id under which Admin registered it; `port` is
    a Service's port number or port name."""

    cluster: str
    namespace: str
    service: str
    port: int | str

    @property
    def key(self) -> str:
        """The source as one string, unique: a port name always has a letter, so 80 and "80" cannot both exist. The
        same object each time: it is a key in six tables of a gateway."""
        return sys.intern(f"{self.cluster}/{self.namespace}/{self.service}:{self.port}")

    def __repr__(self) -> str:
        return f"<Source {self.key}>"


class SourceState(msgspec.Struct, frozen=True, gc=False):
    """The endpoints of a source at a revision. No endpoints is a statement (scaled to zero), not ignorance."""

    source: Source
    revision: Revision
    endpoints: tuple[Endpoint, ...] = ()
