"""What the Admin does when a gateway holds revisions that are newer than any that it ever gave out.

Gateways take nothing older than what they have, and a generation is at least the Unix time of an Admin's start. So an
Admin that was restored from a backup while its clock is behind, or within the second of another start, is not heard by
its gateways. Then it begins a generation above theirs, as if it had started again, and publishes everything in it.

A gateway's word is believed up to ten years ahead: beyond that it would use up the numbers, which are to stay below
2**53.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy.orm import Session

from edge import clock
from edge.admin.errors import AdminError
from edge.admin.generation import next_generation
from edge.model.revision import NOTHING, Revision
from edge.wire.messages import Report

if TYPE_CHECKING:
    from edge.admin.admin import Admin

log = structlog.get_logger("edge.admin.gateways")

BELIEVED = 10 * 366 * 24 * 3600
"""Seconds that a generation may be ahead of the clock."""


def newest(report: Report) -> tuple[Revision, Revision]:
    """The newest manifest and the newest source of which a gateway has heard."""
    return max(report.target, report.manifest), max(report.sources.values(), default=NOTHING)


class Overtaken:
    """Judges what gateways report; `generation` of the Admin rises when one is ahead."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin
        self._heard = 0
        self._rising = False

    def __repr__(self) -> str:
        return f"<Overtaken {self._heard} {'rising' if self._rising else ''}>"

    def judge(self, name: str, report: Report) -> None:
        """Begin a new generation if this gateway is ahead."""
        admin = self._admin
        manifest, source = newest(report)
        if manifest <= admin.publisher.newest and source <= admin.clusters.newest:
            return
        ahead = max(manifest.generation, source.generation)
        if ahead > clock.unix() + BELIEVED:
            log.error("a gateway server holds revisions of a far future; empty its data directory", name=name)
            return
        self._heard = max(self._heard, ahead)
        if not self._rising:
            self._rising = True
            log.warning("a gateway server holds newer revisions than this Admin gave out; beginning anew", name=name)
            admin.background(self._rise(), "begin a new generation")

    async def _rise(self) -> None:
        admin = self._admin
        try:
            while self._heard >= admin.generation:
                generation = await admin.work(self._next)
                admin.generation = generation
                admin.publisher.generation = generation  # what is built from here on is newer than what they have
                built, bodies = await admin.work(admin.publisher.build_all)
                admin.publisher.publish(built, bodies)
                admin.clusters.begin(generation)
        except AdminError as error:
            log.error("no new generation could be begun", reason=error.message)
        finally:
            self._rising = False

    def _next(self, session: Session) -> int:
        return next_generation(session, above=self._heard)
