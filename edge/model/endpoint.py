"""Where a request can go: one address and port of a source."""

from __future__ import annotations

import msgspec


class Endpoint(msgspec.Struct, frozen=True, order=True, gc=False):
    """One address:port with its pod, node, zone and conditions as Kubernetes' EndpointSlice API means them.

    `address` is an IP address or, for FQDN slices, a host name. `ready` is the sum of the API's rules (unknown counts
    as ready); `serving` is readiness whether or not the pod is terminating.
    """

    address: str
    port: int
    pod: str = ""
    node: str = ""
    zone: str = ""
    ready: bool = True
    serving: bool = True
    terminating: bool = False

    @property
    def authority(self) -> str:
        """host:port as a URL writes it, IPv6 in brackets."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"
