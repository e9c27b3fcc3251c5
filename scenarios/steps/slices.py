"""EndpointSlices written by hand: what controllers of other makes, and strange ones, may write.

A slice belongs to a Service by its label alone, so that this works on any cluster; a Service without a selector has no
slices but these (https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors).
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, field

from scenarios.errors import StepError
from scenarios.kubernetes import Json
from scenarios.steps.base import Action
from scenarios.steps.pods import pods_of
from scenarios.values import Part
from scenarios.world import World


class Range(Part):
    """Addresses one after the other."""

    first: str
    count: Annotated[int, Meta(ge=1, le=1000, description="Kubernetes takes at most 1,000 in a slice.")]


class Conditions(Part):
    """What is left out is not in the slice, which means: ready, serving, not terminating."""

    ready: bool | UnsetType | None = UNSET
    serving: bool | UnsetType | None = UNSET
    terminating: bool | UnsetType | None = UNSET


class WriteSlice(Action):
    """Write an EndpointSlice of a Service, or write it anew: an endpoint for every address of `addresses`, of `range`
    and of the pods of `deployment`; none at all empties it. `ports` are the slice's own: a null `port` means all ports,
    a null `name` the nameless one. `delete: true` deletes it instead."""

    name: str
    service: str
    addresses: list[str] = field(default_factory=list)
    range: Range | UnsetType = UNSET
    deployment: str = ""
    conditions: Conditions | UnsetType = UNSET
    ports: list[Json] = field(default_factory=lambda: [{"port": 8080}])
    address_type: Literal["IPv4", "IPv6", "FQDN"] = "IPv4"
    delete: bool = False
    namespace: str = "default"

    async def run(self, world: World) -> str:
        if self.delete:
            await world.kubernetes.delete("endpointslice", self.name, self.namespace)
            return f"endpointslice/{self.name} deleted"
        addresses = [*self.addresses, *self._range(), *await self._of_pods(world)]
        conditions = {} if isinstance(self.conditions, UnsetType) else _written(self.conditions)
        labels = {"kubernetes.io/service-name": self.service, "endpointslice.kubernetes.io/managed-by": "edge-scenario"}
        document = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": self.name, "namespace": self.namespace, "labels": labels},
            "addressType": self.address_type,
            "endpoints": [{"addresses": [address], "conditions": conditions} for address in addresses],
            "ports": self.ports,
        }
        await world.kubernetes.apply(document)
        return f"endpointslice/{self.name} of service {self.service} has {len(addresses)} addresses"

    def _range(self) -> list[str]:
        if isinstance(self.range, UnsetType):
            return []
        try:
            first = ipaddress.ip_address(self.range.first)
        except ValueError as error:
            raise StepError(f"range.first: {error}") from None
        return [str(first + number) for number in range(self.range.count)]

    async def _of_pods(self, world: World) -> list[str]:
        if not self.deployment:
            return []
        pods = await pods_of(world, deployment=self.deployment, namespace=self.namespace)
        return [pod["status"]["podIP"] for pod in pods if (pod.get("status") or {}).get("podIP")]


def _written(conditions: Conditions) -> dict[str, Any]:
    """A map with what is given; null stays null."""
    wanted = {name: getattr(conditions, name) for name in ("ready", "serving", "terminating")}
    return {name: value for name, value in wanted.items() if value is not UNSET}
