"""Records a live cluster: everything that can be listed and watched, from now on.

Each resource is listed, then watched from that list's revision; a watch that ends is taken up where it was. When the
cluster has forgotten that revision (410) the resource is listed again, and what changed in between is written as the
events that were missed, at the time of the second list.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import httpx
import msgspec
import structlog

from simulator import clock
from simulator.recording.format import FORMAT, Kind, Object, RecordingError, line, without_secrets
from simulator.tasks import Tasks

log = structlog.get_logger("simulator.recording")

PAGE = 500
RETRY_SECONDS = 1.0
WATCH_SECONDS = 300
DOUBLES = ("events.k8s.io",)
"""Groups that show objects of another group once more."""


class _Expired(Exception):
    """The cluster has forgotten the revision that a watch wanted to go on from."""


def create(path: Path) -> BinaryIO:
    """A new file for a recording, for its owner only. RecordingError."""
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    except OSError as error:
        raise RecordingError(f"{path}: cannot be written: {error.strerror}") from None


class Recorder:
    """Writes lines to `write` as they come. `events` counts what was recorded after the lists."""

    def __init__(self, client: httpx.AsyncClient, write: Callable[[bytes], Any]) -> None:
        self._client = client
        self._write = write
        self._tasks = Tasks()
        self._seen: dict[str, dict[str, Object]] = {}
        self.kinds: list[Kind] = []
        self.skipped: list[str] = []
        self.objects = 0
        self.events = 0

    async def start(self) -> None:
        """Write the lists; then changes are written until `stop`. RecordingError when nothing can be read."""
        version = await self._get("/version", "the server's version")
        self._write(line({"recording": FORMAT, "at": clock.unix(), "version": version}))
        for kind in await self._discover():
            try:
                revision = await self._list(kind)
            except httpx.HTTPStatusError as error:
                self.skipped.append(f"{kind.key} ({error.response.status_code})")
                continue
            self.kinds.append(kind)
            self._tasks.start(self._follow(kind, revision), f"record {kind.key}")
        if not self.kinds:
            raise RecordingError(f"{self._client.base_url}: nothing may be listed: {', '.join(self.skipped)}")

    async def stop(self) -> None:
        await self._tasks.close()

    async def _get(self, path: str, what: str, **query: Any) -> Any:
        try:
            answer = await self._client.get(path, params=query)
            answer.raise_for_status()
            return answer.json()
        except httpx.HTTPStatusError:
            if what:
                raise RecordingError(
                    f"{self._client.base_url}: {what} is refused with {answer.status_code}: {answer.text[:200].strip()}"
                ) from None
            raise
        except (httpx.TransportError, ValueError) as error:
            raise RecordingError(f"{self._client.base_url}: {what or path} cannot be read: {error}") from None

    async def _discover(self) -> list[Kind]:
        groups = (await self._get("/apis", "the list of APIs"))["groups"]
        chosen = [group for group in groups if group["name"] not in DOUBLES]
        versions = [("", "v1"), *((group["name"], group["preferredVersion"]["version"]) for group in chosen)]
        found = []
        for group, version in versions:
            path = f"/apis/{group}/{version}" if group else f"/api/{version}"
            for entry in (await self._get(path, path))["resources"]:
                if "/" not in entry["name"] and {"list", "watch"} <= set(entry["verbs"]):
                    names = tuple(entry.get("shortNames") or ())
                    singular = entry.get("singularName", "")
                    made = Kind(group, version, entry["name"], entry["kind"], entry["namespaced"], singular, names)
                    found.append(made)
        return found

    async def _list(self, kind: Kind) -> int:
        items, revision = await self._pages(kind)
        self._write(line({"resource": msgspec.to_builtins(kind)}))
        told = {"list": kind.key, "at": clock.unix(), "revision": revision, "items": items}
        self._write(line(told))
        self._seen[kind.key] = {_name(item): item for item in items}
        self.objects += len(items)
        return revision

    async def _pages(self, kind: Kind) -> tuple[list[Object], int]:
        items: list[Object] = []
        more = ""
        while True:
            page = await self._get(kind.path, "", limit=PAGE, **({"continue": more} if more else {}))
            items += [without_secrets(kind, item) for item in page.get("items") or ()]
            more = page["metadata"].get("continue") or ""
            if not more:
                return items, int(page["metadata"]["resourceVersion"])

    async def _follow(self, kind: Kind, revision: int) -> None:
        while True:
            try:
                async for event in self._watch(kind, revision):
                    revision = int(event["object"]["metadata"]["resourceVersion"])
                    if event["type"] != "BOOKMARK":
                        self._event(kind, event["type"], without_secrets(kind, event["object"]))
            except _Expired:
                revision = await self._again(kind, revision)
            except (httpx.HTTPError, RecordingError, ValueError) as error:
                log.warning("a watch broke and is taken up again", resource=kind.key, error=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def _watch(self, kind: Kind, revision: int) -> Any:
        query = {
            "watch": "true",
            "resourceVersion": str(revision),
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        async with self._client.stream("GET", kind.path, params=query, timeout=WATCH_SECONDS + 30) as answer:
            if answer.status_code == 410:
                raise _Expired
            answer.raise_for_status()
            async for text in answer.aiter_lines():
                event = msgspec.json.decode(text)
                if event["type"] == "ERROR":
                    if event["object"].get("code") == 410:
                        raise _Expired
                    raise ValueError(event["object"].get("message", "an error event"))
                yield event

    async def _again(self, kind: Kind, revision: int) -> int:
        """List once more and write what was missed. Answers the list's revision, or `revision` to try again."""
        try:
            items, now = await self._pages(kind)
        except (httpx.HTTPError, RecordingError) as error:
            log.warning("a list failed and is tried again", resource=kind.key, error=str(error))
            await asyncio.sleep(RETRY_SECONDS)
            return revision
        before, there = self._seen[kind.key], {_name(item) for item in items}
        for item in items:
            known = before.get(_name(item))
            if known is None or known["metadata"]["resourceVersion"] != item["metadata"]["resourceVersion"]:
                self._event(kind, "MODIFIED" if known else "ADDED", item)
        for name in [name for name in before if name not in there]:
            gone = before[name]
            gone["metadata"]["resourceVersion"] = str(now)
            self._event(kind, "DELETED", gone)
        return now

    def _event(self, kind: Kind, type: str, obj: Object) -> None:
        seen = self._seen[kind.key]
        if type == "DELETED":
            seen.pop(_name(obj), None)
        else:
            seen[_name(obj)] = obj
        self.events += 1
        self._write(line({"event": type, "of": kind.key, "at": clock.unix(), "object": obj}))


def _name(obj: Object) -> str:
    return f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"
