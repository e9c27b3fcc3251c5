"""What is to be checked: the addresses of every upstream that wants it, as released and as its sources are now. Pure.

Words: a *probe* is one address asked in one way; upstreams that ask the same way share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from edge.gateway.balancing.target import eligible, in_use
from edge.model.health_check import HealthCheck
from edge.model.source import Source, SourceState
from edge.model.upstream import Server, UpstreamTls
from edge.wire.content import Content

Address: TypeAlias = tuple[str, int]
Name: TypeAlias = tuple[str, str]
"""Application and upstream."""


class Probe(msgspec.Struct, frozen=True):
    """`address` is where requests go; the check may name another port."""

    address: Address
    check: HealthCheck
    tls: UpstreamTls | None = None


class _Upstream(msgspec.Struct, frozen=True):
    """Of an upstream only what a check needs to know."""

    id: str
    servers: tuple[Server, ...] = ()
    sources: tuple[Source, ...] = ()
    tls: UpstreamTls | None = None
    check: HealthCheck | None = None


class _Upstreams(msgspec.Struct, frozen=True):
    upstreams: tuple[_Upstream, ...] = ()


_decoder = msgspec.json.Decoder(_Upstreams)


def _read(body: bytes) -> tuple[_Upstream, ...]:
    """The upstreams of a document that have a check; none when it cannot be read, which its workers will say."""
    if b'"check":' not in body:
        return ()
    try:
        return tuple(upstream for upstream in _decoder.decode(body).upstreams if upstream.check is not None)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ()


class Plan:
    """`upstreams` has, of each upstream with a check, its probes in order."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[_Upstream, ...]] = {}
        self._released: dict[Name, _Upstream] = {}
        self._sources: dict[str, SourceState] = {}
        self.upstreams: dict[Name, tuple[Probe, ...]] = {}

    def __repr__(self) -> str:
        return f"<Plan upstreams={len(self.upstreams)}>"

    def release(self, content: Content) -> list[Name]:
        """A manifest is served: the upstreams that may have other probes now. A document is read once, when its hash is
        new."""
        before = self.upstreams
        known, self._read, self._released = self._read, {}, {}
        for entry in content.manifest.applications:
            read = known.get(entry.hash)
            if read is None:
                read = _read(content.documents.get(entry.hash, b""))
            self._read[entry.hash] = read
            for upstream in read:
                self._released[entry.application, upstream.id] = upstream
        named = {source.key: None for upstream in self._released.values() for source in upstream.sources}
        self._sources = {key: state for key, state in content.sources.items() if key in named}
        self.upstreams = {name: _probes(upstream, self._sources) for name, upstream in self._released.items()}
        return list({**before, **self.upstreams})

    def move(self, state: SourceState) -> list[Name]:
        """A source has other endpoints: the upstreams that may have other probes now."""
        key = state.source.key
        users = [name for name, up in self._released.items() if any(source.key == key for source in up.sources)]
        if users:
            self._sources[key] = state
        for name in users:
            self.upstreams[name] = _probes(self._released[name], self._sources)
        return users


def _probes(upstream: _Upstream, sources: Mapping[str, SourceState]) -> tuple[Probe, ...]:
    check = upstream.check
    assert check is not None
    if upstream.servers:
        targets = in_use(upstream.servers)
    else:
        states = [sources[source.key] for source in upstream.sources if source.key in sources]
        targets = eligible(endpoint for state in states for endpoint in state.endpoints)
    return tuple(dict.fromkeys(Probe(target.address, check, upstream.tls) for target in targets))
