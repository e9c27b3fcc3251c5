"""Purges: what gateways take out of their caches, at once and without a release."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from edge import clock
from edge.admin.actor import Actor
from edge.admin.drafts import drafting
from edge.admin.errors import Invalid
from edge.admin.finding import select_newest
from edge.admin.releases.publishing import PURGES, Built
from edge.admin.service import LIMIT, Service
from edge.admin.views import Page, PurgeBody, PurgeView
from edge.rules.problem import shown
from edge.store.tables import ManifestEntryRow, PurgeRow

_EXAMPLE = "https://www.example.com/images/a.png, or /images/a.png on every host"


class Purges(Service):
    """Purges of an application. They need releaser: what is asked for next comes from the upstreams again."""

    body = PurgeBody

    async def list(
        self, actor: Actor, application: str, limit: int = LIMIT, after: str | None = None
    ) -> Page[PurgeView]:
        """The newest purges of an application, newest first; older ones are forgotten."""
        actor.require("viewer", "read purges")

        def unit(session: Session) -> Page[PurgeView]:
            drafting.load(session, application)
            return select_newest(session, PurgeRow, limit, after, _view, PurgeRow.application == application)

        return await self._work(unit)

    async def create(self, actor: Actor, application: str, body: PurgeBody) -> PurgeView:
        """Tell every gateway server of the application's partitions. Invalid names the field."""
        actor.require("releaser", "purge stored answers")
        _check(body)
        return await self._admin.carry(self._create(actor, application, body))

    async def _create(self, actor: Actor, application: str, body: PurgeBody) -> PurgeView:
        def unit(session: Session) -> tuple[PurgeView, list[Built]]:
            row, _ = drafting.load(session, application)
            purge = PurgeRow(application=application, url=body.url, prefix=body.prefix, at=clock.now())
            session.add(purge)
            session.flush()
            _forget(session, application)
            named = f"URL {body.url}" if body.url is not None else f"prefix {body.prefix}"
            self._audit(session, actor, "purge", f'application "{row.name}"', named)
            entry = ManifestEntryRow
            partitions = select(entry.partition).where(entry.application == application).order_by(entry.partition)
            return _view(purge), self._admin.publisher.build(session, session.scalars(partitions).all())

        view, manifests = await self._work(unit)
        self._admin.publisher.publish(manifests)
        return view


def _view(row: PurgeRow) -> PurgeView:
    return PurgeView(number=row.seq, url=row.url, prefix=row.prefix, at=row.at)


def _forget(session: Session, application: str) -> None:
    """Drop what no manifest tells any more; one more stays, so that its number is known."""
    query = select(PurgeRow.seq).where(PurgeRow.application == application).order_by(PurgeRow.seq.desc())
    last = session.scalar(query.offset(PURGES).limit(1))
    if last is not None:
        session.execute(delete(PurgeRow).where(PurgeRow.application == application, PurgeRow.seq < last))


def _check(body: PurgeBody) -> None:
    if (body.url is None) == (body.prefix is None):
        raise Invalid(f"give either url or prefix, such as {_EXAMPLE}", "url")
    field, text = ("url", body.url) if body.url is not None else ("prefix", body.prefix)
    assert text is not None
    if not text.startswith(("/", "http://", "https://")) or not all("!" <= c <= "~" and c != "#" for c in text):
        raise Invalid(
            f"expected a URL as clients send it, such as {_EXAMPLE} (percent-encoded), but got {shown(text)}", field
        )
