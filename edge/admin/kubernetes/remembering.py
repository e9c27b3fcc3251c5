"""The last known endpoints, written beside the road: pushed first, remembered a moment later.

Only the newest state of each source waits to be written, so a storm of changes costs one row per source and flush; a
flush writes a bounded number of rows, so that other units of work come between; a database that is away is tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
import structlog
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from edge.admin.errors import AdminError
from edge.model.endpoint import Endpoint
from edge.model.revision import Revision
from edge.model.source import Source, SourceState
from edge.store.tables import SourceStateRow

log = structlog.get_logger("edge.admin.kubernetes")

PAUSE = 0.2
RETRY = 2.0
ROWS = 200

_endpoints = msgspec.json.Decoder(tuple[Endpoint, ...])
_port = msgspec.json.Decoder(int | str)

Unit = Callable[[Session], Any]


class Remembering:
    """Writes source states through `work`, coalesced; `run` is its task."""

    def __init__(self, work: Callable[[Unit], Awaitable[Any]]) -> None:
        self._work = work
        self._waiting: dict[str, tuple[SourceState, datetime | None] | None] = {}
        self._news = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Remembering {len(self._waiting)} waiting>"

    def remember(self, state: SourceState, stale_since: datetime | None) -> None:
        """Write this state soon."""
        self._waiting[state.source.key] = (state, stale_since)
        self._news.set()

    def forget(self, sources: Iterable[Source]) -> None:
        """Delete what is kept of these sources soon."""
        for source in sources:
            self._waiting[source.key] = None
            self._news.set()

    async def run(self) -> None:
        """Write what waits, for ever."""
        while True:
            await self._news.wait()
            await asyncio.sleep(PAUSE)
            try:
                await self.flush()
            except AdminError as error:
                log.warning("endpoints could not be remembered yet", reason=error.message)
                await asyncio.sleep(RETRY)

    async def flush(self) -> None:
        """Write everything that waits now. Raises Unavailable, and keeps what was not written."""
        while self._waiting:
            batch = {key: self._waiting[key] for key in list(self._waiting)[:ROWS]}
            await self._work(partial(_write, batch=batch))
            for key, written in batch.items():
                if self._waiting.get(key, written) is written:
                    self._waiting.pop(key, None)
        self._news.clear()


def _write(session: Session, batch: dict[str, tuple[SourceState, datetime | None] | None]) -> None:
    session.execute(delete(SourceStateRow).where(SourceStateRow.key.in_(list(batch))))
    rows = [_row(*entry) for entry in batch.values() if entry is not None]
    if rows:
        session.execute(insert(SourceStateRow), rows)


def _row(state: SourceState, stale_since: datetime | None) -> dict[str, Any]:
    source = state.source
    return {
        "key": source.key,
        "cluster": source.cluster,
        "namespace": source.namespace,
        "service": source.service,
        "port": msgspec.json.encode(source.port).decode(),
        "generation": state.revision.generation,
        "number": state.revision.number,
        "endpoints": msgspec.json.encode(state.endpoints),
        "stale_since": stale_since,
    }


def recall(session: Session) -> list[tuple[SourceState, datetime | None]]:
    """Every remembered state with its stored revision, and since when it was stale."""
    rows = session.scalars(select(SourceStateRow).order_by(SourceStateRow.key))
    return [
        (
            SourceState(
                Source(row.cluster, row.namespace, row.service, _port.decode(row.port)),
                Revision(row.generation, row.number),
                _endpoints.decode(row.endpoints),
            ),
            row.stale_since,
        )
        for row in rows
    ]
