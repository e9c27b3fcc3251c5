"""Gateway servers: how one is let in, what it says of itself, and how it is sent away."""

from __future__ import annotations

import builtins
import re
from collections.abc import Sequence

import msgspec
import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from edge import clock
from edge.admin.actor import Actor
from edge.admin.errors import AdminError, Conflict, Forbidden, Invalid, Unauthorized
from edge.admin.finding import find, select_page
from edge.admin.gateways.roster import Live, Roster, note
from edge.admin.releases.sync import ServerFacts, missing_text, server_state
from edge.admin.service import LIMIT, Service
from edge.admin.views import AppliedRelease, GatewayServerView, Page
from edge.store.hashing import hash_token
from edge.store.tables import GatewayClusterRow, GatewayServerRow, JoinTokenRow, RevokedCredential
from edge.wire.channel import Channel
from edge.wire.messages import Report

log = structlog.get_logger("edge.admin.gateways")

KIND = "gateway server"

_CREDENTIAL = re.compile(r"[A-Za-z0-9_-]{43}=?\Z")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}\Z")


class Admission(msgspec.Struct, frozen=True):
    """A gateway server that was let in: its id (the name under which the hub knows it) and its partition's id."""

    id: str
    name: str
    partition: str


class _Knock(msgspec.Struct, frozen=True):
    """A gateway at the door."""

    credential: str
    join_token: str | None
    name: str
    version: str
    address: str

    def __repr__(self) -> str:
        return f"<_Knock {self.name}>"


class GatewayServers(Service):
    """Gateway servers. They come by joining, so there is no create; deleting one revokes its credential and
    disconnects it."""

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[GatewayServerView]:
        actor.require("viewer", "read gateway servers")
        page = await self._work(lambda session: select_page(session, GatewayServerRow, limit, after, lambda row: row))
        return Page([self._view(row) for row in page.items], page.next)

    async def get(self, actor: Actor, id: str) -> GatewayServerView:
        actor.require("viewer", "read gateway servers")
        return self._view(await self._work(lambda session: find(session, GatewayServerRow, id, KIND)))

    async def delete(self, actor: Actor, id: str) -> None:
        """Revoke its credential and close its connection at once."""
        actor.require("admin", "delete gateway servers")

        def unit(session: Session) -> None:
            row = find(session, GatewayServerRow, id, KIND)
            session.add(RevokedCredential(hash=row.credential_hash, name=row.name, at=clock.now()))
            session.delete(row)
            self._audit(session, actor, "delete", f'gateway server "{row.name}"')

        async def revoke() -> None:
            await self._work(unit)
            server = self._roster.remove(id)
            if server is not None and server.channel is not None:
                await server.channel.close("revoked")
            self._admin.following.gone(id)
            self._admin.events.publish("gateway-server", id)

        await self._admin.carry(revoke())

    @property
    def _roster(self) -> Roster:
        return self._admin.roster

    async def admit(
        self, *, credential: str, join_token: str | None, name: str, version: str, address: str
    ) -> Admission:
        """Let a connecting gateway in. A known credential suffices; else a valid join token creates the server with
        this credential. Raises Unauthorized (no or wrong or used-up token), Forbidden (revoked), Conflict (name in
        use), Invalid (name, credential), each with a sentence for the gateway's operator."""
        if not _CREDENTIAL.match(credential):
            raise Invalid("a gateway's credential is 32 random bytes as base64url")
        if not _NAME.match(name):
            raise Invalid("a gateway server's name has 1 to 200 printable characters", "name")
        knock = _Knock(credential, join_token, name, version[:100], address[:300])
        return await self._admin.carry(self._admit(knock))

    async def _admit(self, knock: _Knock) -> Admission:
        row, partition = await self._work(lambda session: self._let_in(session, knock))
        server = self._roster.get(row.id)
        if server is None:
            self._roster.add(Live(row.id, row.name, row.cluster, partition, clock.now()))
        else:
            server.name, server.cluster, server.partition = row.name, row.cluster, partition
        return Admission(row.id, row.name, partition)

    def _let_in(self, session: Session, knock: _Knock) -> tuple[GatewayServerRow, str]:
        hashed = hash_token(knock.credential)
        row = session.scalar(select(GatewayServerRow).where(GatewayServerRow.credential_hash == hashed))
        if row is None:
            if session.get(RevokedCredential, hashed) is not None:
                raise Forbidden(
                    f'the gateway server "{knock.name}" was deleted in the Admin; its credential is revoked'
                )
            row = self._join(session, knock, hashed)
        elif row.name != knock.name:
            _require_free(session, knock.name)
        row.name, row.version, row.address, row.seen = knock.name, knock.version, knock.address, clock.now()
        session.flush()
        return row, find(session, GatewayClusterRow, row.cluster, "gateway cluster").partition

    def _join(self, session: Session, knock: _Knock, hashed: str) -> GatewayServerRow:
        token = _usable(session, knock.join_token)
        _require_free(session, knock.name)
        token.uses -= 1
        row = GatewayServerRow(id=self._admin.new_id(), name=knock.name, cluster=token.cluster, credential_hash=hashed)
        session.add(row)
        gateway = Actor(kind="system", id=row.id, name=f"gateway {knock.name}", role="viewer")
        self._audit(session, gateway, "join", f'gateway server "{knock.name}"', f"at {knock.address}")
        return row

    async def serve(self, admission: Admission, channel: Channel) -> None:
        """Hand `channel` to the hub until it closes; the server is online meanwhile. A revoked server's channel is
        closed; a second connection of the same server replaces the first."""
        server = self._roster.get(admission.id)
        if server is None:  # deleted between admission and now
            await channel.close("revoked")
            return
        if server.channel is not None:
            await server.channel.close("replaced by a newer connection of the same server")
        server.channel, server.since, server.word = channel, clock.now(), None
        self._changed(server)
        try:
            await self._admin.hub.serve(channel, admission.partition, admission.id)
        finally:
            if server.channel is channel:
                server.channel, server.since = None, clock.now()
                self._changed(server)
                self._admin.background(self.remember_seen(), "remember when gateway servers were seen")

    async def remember_seen(self) -> None:
        """Store when each server was last seen: now, or when it went."""
        now = clock.now()
        seen = {server.id: now if server.online else server.since for server in self._roster}

        def unit(session: Session) -> None:
            for row in session.scalars(select(GatewayServerRow)):
                row.seen = max(row.seen, seen.get(row.id, row.seen))

        try:
            await self._work(unit)
        except AdminError as error:
            log.warning("when gateway servers were last seen could not be stored", reason=error.message)

    def _changed(self, server: Live) -> None:
        """Tell watchers of a server, and of the releases whose sync it is part of."""
        events = self._admin.events
        events.publish("gateway-server", server.id)
        for entry in server.report.applications if server.report is not None else ():
            events.publish("release", entry.application, entry.version)

    def reported(self, id: str, report: Report) -> None:
        """The hub's on_report."""
        server = self._roster.get(id)
        if server is None:
            return
        before = server.report
        if before is None or before.sources.keys() != report.sources.keys():
            self._admin.following.served(id, report.sources)
            self._admin.overtaken.judge(server.name, report)
        elif before.target != report.target:
            self._admin.overtaken.judge(server.name, report)
        if before is not None and _says_the_same(before, report):
            server.report = report
            return
        changed = note(server, report, clock.now())
        self._admin.events.publish("gateway-server", id)
        for entry in changed:
            self._admin.events.publish("release", entry.application, entry.version)

    async def moved(self, cluster: str, partition: str) -> None:
        """A gateway cluster is in this partition now: its servers reconnect to subscribe to it."""
        for server in builtins.list(self._roster):
            if server.cluster == cluster and server.partition != partition:
                server.partition = partition
                if server.channel is not None:
                    await server.channel.close("moved to another partition; connect again")

    def facts(self, application: str, partitions: Sequence[str]) -> builtins.list[ServerFacts]:
        """What the servers of these partitions say of an application."""
        return self._roster.facts(application, partitions)

    def _view(self, row: GatewayServerRow) -> GatewayServerView:
        server = self._roster.get(row.id) or Live(row.id, row.name, row.cluster, "", row.seen)
        report = server.report
        state = server_state(server.online, report, self._admin.publisher.revision(server.partition))
        reason = missing_text(report.missing) if report is not None and state == "waiting" else ""
        if report is not None and state == "refused":
            reason = next(iter(report.refused.values()), "")
        applied = [
            AppliedRelease(application=entry.application, name=entry.name, version=entry.version, hash=entry.hash)
            for entry in (report.applications if report is not None else ())
        ]
        return GatewayServerView(
            id=row.id,
            name=row.name,
            cluster=row.cluster,
            partition=server.partition,
            address=row.address,
            version=row.version,
            online=server.online,
            since=server.since,
            state=state,
            reason=reason,
            manifest=int(report.manifest) if report is not None else None,
            applied=applied,
        )


def _says_the_same(before: Report, report: Report) -> bool:
    """Whether only source revisions differ, as with every acknowledged endpoint change: that must cost nothing here."""
    return (
        before.manifest == report.manifest
        and before.target == report.target
        and before.missing == report.missing
        and before.refused == report.refused
        and (before.applications is report.applications or before.applications == report.applications)
    )


def recall(session: Session) -> Sequence[Live]:
    """Every server as the database knows it: not connected, last seen when it says."""
    partitions = dict(session.execute(select(GatewayClusterRow.id, GatewayClusterRow.partition)).all())
    rows = session.scalars(select(GatewayServerRow).order_by(GatewayServerRow.seq))
    return [Live(row.id, row.name, row.cluster, partitions[row.cluster], row.seen) for row in rows]


def _require_free(session: Session, name: str) -> None:
    if session.scalar(select(GatewayServerRow.id).where(GatewayServerRow.name == name)) is not None:
        raise Conflict(
            f'the name "{name}" is in use by another gateway server; choose another --name, or delete that server',
            "name",
        )


def _usable(session: Session, token: str | None) -> JoinTokenRow:
    if not token:
        raise Unauthorized("this gateway is not known here; start it with a join token of its gateway cluster")
    row = session.get(JoinTokenRow, hash_token(token))
    if row is None:
        raise Unauthorized("the join token is wrong; make a new one for the gateway cluster")
    if row.expires <= clock.now():
        raise Unauthorized("the join token has expired; make a new one for the gateway cluster")
    if row.uses < 1:
        raise Unauthorized("the join token is used up; make a new one for the gateway cluster")
    return row
