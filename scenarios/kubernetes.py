"""Kubernetes as scenarios use it: a few deeds over the plain HTTP API, the same on every target.

How a request travels is a `Transport`'s business: `targets.simulator` uses httpx, `targets.kubeconfig` the official
client. Objects are applied with server-side apply, so that the same file works on any cluster, twice as well as once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol
from urllib.parse import quote

import msgspec

from scenarios.errors import StepError

Json = dict[str, Any]
MANAGER = "edge-scenario"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
GONE = 60.0  # seconds that what a case made may take to be gone after it

# kind as people write it → (apiVersion, plural, whether it lives in a namespace); others are asked of discovery
KINDS: dict[str, tuple[str, str, bool]] = {
    "clusterrole": ("rbac.authorization.k8s.io/v1", "clusterroles", False),
    "clusterrolebinding": ("rbac.authorization.k8s.io/v1", "clusterrolebindings", False),
    "configmap": ("v1", "configmaps", True),
    "deployment": ("apps/v1", "deployments", True),
    "endpoints": ("v1", "endpoints", True),
    "endpointslice": ("discovery.k8s.io/v1", "endpointslices", True),
    "namespace": ("v1", "namespaces", False),
    "node": ("v1", "nodes", False),
    "pod": ("v1", "pods", True),
    "replicaset": ("apps/v1", "replicasets", True),
    "secret": ("v1", "secrets", True),
    "service": ("v1", "services", True),
    "serviceaccount": ("v1", "serviceaccounts", True),
}


class Transport(Protocol):
    """Requests to one API server, authenticated as somebody who may do everything that the file does."""

    async def send(self, method: str, path: str, body: bytes | None, content_type: str) -> tuple[int, bytes]:
        """(status, body). StepError when no answer came."""

    def lines(self, path: str) -> AsyncIterator[bytes]:
        """The lines of a watch, until it ends. StepError when it cannot be had."""

    async def close(self) -> None: ...


class NotFound(StepError):
    """404."""


class Kubernetes:
    """Deeds on one cluster."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._resources: dict[tuple[str, str], tuple[str, bool]] = {}
        self.applied: list[Json] = []  # what `apply` brought, oldest first
        self._made: list[Json] = []  # those that were not there before, for cleaning up
        self.put_back: dict[str, Callable[[], Awaitable[Any]]] = {}  # what steps changed for a while → its undoing

    async def request(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        """The decoded answer. StepError with Kubernetes' own message when it is not a success."""
        return (await self._ask(method, path, body, content_type))[1]

    async def _ask(self, method: str, path: str, body: Any, content_type: str) -> tuple[int, Any]:
        encoded = None if body is None else msgspec.json.encode(body)
        status, answer = await self._transport.send(method, path, encoded, content_type)
        if 200 <= status < 300:
            return status, msgspec.json.decode(answer) if answer else None
        try:
            message = msgspec.json.decode(answer)["message"]
        except (msgspec.DecodeError, KeyError, TypeError):
            message = answer.decode(errors="replace")[:300]
        kind = NotFound if status == 404 else StepError
        raise kind(f"{method} {path.partition('?')[0]} answered {status}: {message}")

    def path(self, kind: str, name: str | None = None, namespace: str = "default") -> str:
        """The path of one object or of a collection, for a kind of `KINDS`."""
        known = KINDS.get(kind.lower())
        if known is None:
            raise StepError(f"expected one of the kinds {', '.join(KINDS)}, got {kind!r}")
        return _path(*known, name, namespace)

    async def path_of(self, document: Json) -> str:
        """The path of the object that a manifest describes."""
        version, kind, metadata = document["apiVersion"], document["kind"], document["metadata"]
        plural, namespaced = await self._resource(version, kind)
        return _path(version, plural, namespaced, metadata["name"], metadata.get("namespace", "default"))

    async def _resource(self, version: str, kind: str) -> tuple[str, bool]:
        known = KINDS.get(kind.lower())
        if known is not None and known[0] == version:
            return known[1], known[2]
        if (version, kind) not in self._resources:
            found = await self.request("GET", _root(version))
            for resource in found["resources"]:
                if "/" not in resource["name"]:
                    self._resources[version, resource["kind"]] = (resource["name"], resource["namespaced"])
        try:
            return self._resources[version, kind]
        except KeyError:
            raise StepError(f"the cluster knows no {kind} in {version}") from None

    async def apply(self, document: Json) -> Any:
        status, answer = await self._apply(document)
        self.applied.append(document)
        if status == 201:
            self._made.append(document)
        return answer

    async def bring_back(self, document: Json) -> None:
        """Apply what a step took away for a while. It stays whose it was: the case's, or somebody's from before."""
        await self._apply(document)

    async def _apply(self, document: Json) -> tuple[int, Any]:
        path = await self.path_of(document)
        return await self._ask("PATCH", f"{path}?fieldManager={MANAGER}&force=true", document, APPLY)

    async def get(self, kind: str, name: str, namespace: str = "default") -> Any:
        return await self.request("GET", self.path(kind, name, namespace))

    async def list(self, kind: str, namespace: str = "default", selector: str = "") -> list[Json]:
        query = f"?labelSelector={quote(selector)}" if selector else ""
        found = await self.request("GET", self.path(kind, None, namespace) + query)
        items: list[Json] = found["items"]
        return items

    async def patch(self, kind: str, name: str, body: Json, namespace: str = "default", part: str = "") -> Any:
        """A merge patch (RFC 7386) of the object or of its subresource `part`."""
        return await self.request("PATCH", self.path(kind, name, namespace) + part, body, MERGE)

    async def delete(self, kind: str, name: str, namespace: str = "default", grace: int | None = None) -> None:
        body = {} if grace is None else {"gracePeriodSeconds": grace}
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background", **body}
        await self.request("DELETE", self.path(kind, name, namespace), options)

    async def clean_up(self, patience: float = GONE) -> None:
        """Put back what steps changed for a while. Then delete what `apply` made and nothing that was there before,
        newest first, and wait until it is gone, at most `patience` seconds. What is gone already is no error; StepError
        at the end with everything that could not be done."""
        left = await _undone([*self.put_back.values()])
        self.put_back.clear()
        paths = [await self.path_of(document) for document in reversed(self._made)]
        self._made.clear()
        for path in paths:
            try:
                await self.request("DELETE", path)
            except NotFound:
                pass
            except StepError as error:
                left.append(str(error))
        for path in paths if not left else []:
            try:
                async with asyncio.timeout(patience):
                    await self._gone(path)
            except TimeoutError:
                left.append(f"{path} was still there after {patience:g} s")
        if left:
            raise StepError("; ".join(left))

    async def _gone(self, path: str) -> None:
        """Wait until there is no object at `path`."""
        collection, _, name = path.rpartition("/")
        only = f"fieldSelector=metadata.name%3D{name}"
        while (found := await self.request("GET", f"{collection}?{only}"))["items"]:
            async for event in self._follow(collection, found["metadata"]["resourceVersion"], only):
                if event["type"] == "DELETED":
                    return

    async def watch(self, path: str, only: str = "") -> AsyncIterator[Json]:
        """List and follow a collection, or the part of it that `only` (a query with a selector) names: `ADDED` for what
        is there, then events, until the watch ends."""
        found = await self.request("GET", f"{path}?{only}" if only else path)
        for item in found["items"]:
            yield {"type": "ADDED", "object": item}
        async for event in self._follow(path, found["metadata"]["resourceVersion"], only):
            yield event

    async def _follow(self, path: str, version: str, only: str = "") -> AsyncIterator[Json]:
        """The events after a version, until the watch ends."""
        query = f"watch=true&timeoutSeconds=300&resourceVersion={version}" + (f"&{only}" if only else "")
        async for line in self._transport.lines(f"{path}?{query}"):
            if line.strip():
                yield msgspec.json.decode(line)

    async def close(self) -> None:
        await self._transport.close()


async def _undone(undoings: list[Callable[[], Awaitable[Any]]]) -> list[str]:
    """Undo, latest first; what could not be undone."""
    wrong = []
    for undo in reversed(undoings):
        try:
            await undo()
        except NotFound:
            pass
        except StepError as error:
            wrong.append(str(error))
    return wrong


def _root(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def _path(version: str, plural: str, namespaced: bool, name: str | None, namespace: str) -> str:
    inside = f"/namespaces/{quote(namespace, safe='')}" if namespaced else ""
    return f"{_root(version)}{inside}/{plural}" + ("" if name is None else f"/{quote(name, safe='')}")
