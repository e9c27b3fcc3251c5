"""What a token may do in a cluster: asked of the API server, not tried by following.

By SelfSubjectAccessReview, which every authenticated user may create; where reviews are not answered, or proved wrong
before, by the real thing: a list of one object, and a watch that is given up as soon as it is answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from typing import Any

from edge.kube.client import Client
from edge.kube.fault import Fault
from edge.kube.plan import ABSENT, SINGLE_NAMESPACES
from edge.kube.resources import ENDPOINTS, NAMESPACES, SERVICES, SLICES, Resource

_AT_ONCE = 4  # requests that a survey has open at the same time


class Survey:
    """Asks for one token. `distrusted`: resource titles whose reviews said yes when the API server then refused."""

    def __init__(self, client: Client, distrusted: Collection[str] = ()) -> None:
        self._client = client
        self._distrusted = distrusted
        self._reviews = True
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def run(self, namespaces: Iterable[str]) -> dict[tuple[str, str], tuple[str, ...]]:
        """`plan.Access`, with single namespaces only where the whole cluster may not be read.

        Raises Fault when nothing could be learnt: unauthorized, unreachable, tls, failing, …
        """
        access: dict[tuple[str, str], tuple[str, ...]] = {}
        # The first alone: an address that does not answer is tried once, and later requests reuse its connection.
        access[SERVICES.name, ""] = await self._lacks(SERVICES, "")
        if ABSENT in access[SERVICES.name, ""]:
            raise Fault("failing", f"{self._client.address.url} has no services: is this a Kubernetes API server?")
        await self._fill(access, [(NAMESPACES, ""), (SLICES, "")])
        if access[SLICES.name, ""]:
            await self._fill(access, [(ENDPOINTS, "")])
        single = list(namespaces)[:SINGLE_NAMESPACES]
        if access[SERVICES.name, ""]:
            await self._fill(access, [(SERVICES, namespace) for namespace in single])
        if access[SLICES.name, ""] and access[ENDPOINTS.name, ""]:
            await self._fill(access, [(SLICES, namespace) for namespace in single])
            refused = [namespace for namespace in single if access[SLICES.name, namespace]]
            await self._fill(access, [(ENDPOINTS, namespace) for namespace in refused])
        return access

    async def _fill(
        self, access: dict[tuple[str, str], tuple[str, ...]], asked: Iterable[tuple[Resource[Any], str]]
    ) -> None:
        asked = list(asked)
        answers = await asyncio.gather(*(self._lacks(*one) for one in asked), return_exceptions=True)
        for (resource, namespace), answer in zip(asked, answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            access[resource.name, namespace] = answer

    async def _lacks(self, resource: Resource[Any], namespace: str) -> tuple[str, ...]:
        async with self._room:
            lacks = [await self._lacking(verb, resource, namespace) for verb in ("list", "watch")]
        return tuple(dict.fromkeys(one for one in lacks if one is not None))

    async def _lacking(self, verb: str, resource: Resource[Any], namespace: str) -> str | None:
        """What stands in the way of this verb: nothing, the verb itself, or that there is no such resource."""
        if self._reviews and resource.title not in self._distrusted:
            try:
                return None if await self._client.may(verb, resource, namespace) else verb
            except Fault as fault:
                if fault.reason not in ("forbidden", "missing", "failing"):
                    raise
                self._reviews = False
        try:
            if verb == "list":
                await self._client.page(resource, namespace, limit=1)
            else:
                await (await self._client.watch(resource, namespace, version="0", timeout=1)).close()
        except Fault as fault:
            if fault.reason == "forbidden":
                return verb
            if fault.reason == "missing":
                return ABSENT
            if fault.reason == "expired":  # allowed, and answered
                return None
            raise
        return None
