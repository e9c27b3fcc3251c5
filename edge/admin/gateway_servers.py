"""Gateway servers: how one is let in, what it says of itself, and how it is sent away."""

from __future__ import annotations

import msgspec

from edge.admin.actor import Actor
from edge.admin.service import LIMIT, Service
from edge.admin.views import GatewayServerView, Page
from edge.wire.channel import Channel
from edge.wire.messages import Report


class Admission(msgspec.Struct, frozen=True):
    """A gateway server that was let in: its id (the name under which the hub knows it) and its partition's id."""

    id: str
    name: str
    partition: str


class GatewayServers(Service):
    """Gateway servers. They come by joining, so there is no create; deleting one revokes its credential and
    disconnects it."""

    async def list(self, actor: Actor, limit: int = LIMIT, after: str | None = None) -> Page[GatewayServerView]:
        raise NotImplementedError

    async def get(self, actor: Actor, id: str) -> GatewayServerView:
        raise NotImplementedError

    async def delete(self, actor: Actor, id: str) -> None:
        """Revoke its credential and close its connection at once."""
        raise NotImplementedError

    async def admit(
        self, *, credential: str, join_token: str | None, name: str, version: str, address: str
    ) -> Admission:
        """Let a connecting gateway in. A known credential suffices; else a valid join token creates the server with
        this credential. Raises Unauthorized (no or wrong or used-up token), Forbidden (revoked), Conflict (name in
        use), Invalid (name, credential), each with a sentence for the gateway's operator."""
        raise NotImplementedError

    async def serve(self, admission: Admission, channel: Channel) -> None:
        """Hand `channel` to the hub until it closes; the server is online meanwhile. A revoked server's channel is
        closed; a second connection of the same server replaces the first."""
        raise NotImplementedError

    def reported(self, id: str, report: Report) -> None:
        """The hub's on_report."""
        raise NotImplementedError
