"""The Admin: everything the control plane is made of, wired together.

`Admin.open` opens and migrates the database, takes the lock that makes it the only Admin of that database, commits a
new generation, restores what was known, publishes the current manifests and follows the Kubernetes clusters. The JSON
API and the console are thin layers over its services.
"""

from __future__ import annotations

import asyncio
import random as random_module
import sys
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.admin.access import tokens
from edge.admin.access.audit import Audit
from edge.admin.access.first_user import FirstPassword, first_user
from edge.admin.access.login import Login
from edge.admin.access.tokens import Tokens
from edge.admin.access.users import Users
from edge.admin.actor import Actor
from edge.admin.applications import certificates, keys
from edge.admin.applications.applications import Applications
from edge.admin.applications.certificates import Certificates
from edge.admin.applications.purges import Purges
from edge.admin.applications.rules import Rules
from edge.admin.applications.upstream_revision import UpstreamRevisions
from edge.admin.applications.upstreams import Upstreams
from edge.admin.drafts import drafting
from edge.admin.drafts.changes import Changes
from edge.admin.drafts.differences import things
from edge.admin.drafts.wording import describe
from edge.admin.errors import AdminError, Conflict, Unavailable
from edge.admin.events import Events
from edge.admin.gateways import servers
from edge.admin.gateways.clusters import GatewayClusters, JoinTokens
from edge.admin.gateways.findings import Findings
from edge.admin.gateways.overtaken import Overtaken
from edge.admin.gateways.partitions import Partitions
from edge.admin.gateways.roster import Live, Roster
from edge.admin.gateways.servers import GatewayServers
from edge.admin.gateways.traffic import Traffic
from edge.admin.gateways.traffic_ring import Ring
from edge.admin.generation import next_generation
from edge.admin.kubernetes import registry, remembering
from edge.admin.kubernetes.clusters import Clusters
from edge.admin.kubernetes.following import Following
from edge.admin.kubernetes.registry import KubernetesClusters
from edge.admin.kubernetes.remembering import Remembering
from edge.admin.releases.compiling import ChildCompiler, Compiler, InlineCompiler
from edge.admin.releases.publishing import Built, Publisher
from edge.admin.releases.releases import Releases
from edge.clock import run_blocking
from edge.kube.address import ClusterAddress
from edge.model import document as documents
from edge.model.document import ApplicationDocument
from edge.model.source import Source, SourceState
from edge.store.database import Database
from edge.store.engine import url_in
from edge.store.errors import Collision, DatabaseUnavailable
from edge.store.sealing import Sealer, load_key
from edge.store.tables import ApplicationRow, Setting
from edge.tasks import Tasks
from edge.wire.hub import Hub
from edge.wire.messages import Report

T = TypeVar("T")

KEY_CHECK = "settings/key-check"


class AdminSettings(msgspec.Struct, frozen=True):
    """`database` is an SQLAlchemy URL (sqlite:///FILE, sqlite:// in memory, postgresql://…), empty for
    sqlite:///DATA_DIR/edge.db. The secrets come from the environment and are never shown. `terminal` says whether
    a made-up first password can be shown there (None: whether standard error is one); else it goes to a file."""

    data_dir: Path
    database: str = ""
    secret_key: str | None = None
    admin_password: str | None = None
    admin_token: str | None = None
    terminal: bool | None = None

    def __repr__(self) -> str:
        return f"<AdminSettings data_dir={self.data_dir}>"

    @property
    def url(self) -> str:
        return url_in(self.data_dir, self.database)


class _Recalled(msgspec.Struct, frozen=True):
    """What the database knows when the Admin starts."""

    clusters: list[tuple[str, ClusterAddress]]
    states: list[tuple[SourceState, datetime | None]]
    servers: list[Live]
    drafts: list[ApplicationDocument]
    manifests: list[Built]
    bodies: dict[str, bytes]


class Admin:
    """The control plane. `hub` is what gateways subscribe to, `events` what watchers of the console and API follow.
    Made by `open`."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        generation: int,
        random: random_module.Random,
        compiler: Compiler,
        transport_factory: Callable[..., Any] | None,
    ) -> None:
        self.database = database
        self.sealer = sealer
        self.generation = generation
        self.random = random
        self.compiler = compiler
        self.password_notice: str | None = None
        self._tasks = Tasks()
        self._hasher = ThreadPoolExecutor(1, thread_name_prefix="passwords")
        self.events = Events(generation)
        self.upstream_revisions = UpstreamRevisions(generation)
        self.roster = Roster()
        self.traffic_ring = Ring()
        self.hub = Hub(
            on_report=self._reported,
            on_gone=lambda name: None,
            on_traffic=lambda server, traffic: self.traffic.told(server, traffic),
            on_findings=lambda server, findings: self.findings.told(server, findings),
        )
        self.publisher = Publisher(
            generation,
            self.hub.publish_manifest,
            lambda row: certificates.document_of(row, sealer),
            lambda row: keys.document_of(row, sealer),
        )
        self.remembering = Remembering(self.work)
        self.clusters = Clusters(
            publish=self.hub.publish_source,
            changed=self._changed,
            remember=self.remembering.remember,
            generation=generation,
            random=random,
            transport_factory=transport_factory,
        )
        self.following = Following(self.clusters.follow, self._dropped)
        self._make_services()

    def _make_services(self) -> None:
        self.overtaken = Overtaken(self)
        self.audit = Audit(self)
        self.partitions = Partitions(self)
        self.gateway_clusters = GatewayClusters(self)
        self.gateway_servers = GatewayServers(self)
        self.join_tokens = JoinTokens(self)
        self.kubernetes_clusters = KubernetesClusters(self)
        self.certificates = Certificates(self)
        self.applications = Applications(self)
        self.upstreams = Upstreams(self)
        self.rules = Rules(self)
        self.changes = Changes(self)
        self.releases = Releases(self)
        self.purges = Purges(self)
        self.traffic = Traffic(self)
        self.findings = Findings(self)
        self.users = Users(self)
        self.tokens = Tokens(self)
        self.login = Login(self)

    def __repr__(self) -> str:
        return f"<Admin generation={self.generation} {self.database!r}>"

    @classmethod
    async def open(
        cls,
        settings: AdminSettings,
        *,
        random: random_module.Random | None = None,
        transport_factory: Callable[..., Any] | None = None,
    ) -> Admin:
        """Open everything. Raises edge.store.errors.StoreError with a sentence when the database cannot be used:
        another Admin is active on it, it needs `edge db upgrade`, it cannot be reached, the key does not fit.

        `password_notice` afterwards says where the first user's password is, if it was made up now."""
        random = random or random_module.SystemRandom()
        database = Database(settings.url, exclusive=True)
        try:
            await database.prepare_in_thread()
            sealer = Sealer(await run_blocking(lambda: load_key(settings.data_dir, settings.secret_key)))
            await database.run(lambda session: _check_key(session, sealer))
            generation = await database.run(next_generation)
            first = await database.run(lambda session: _first(session, settings, random))
            admin = cls(database, sealer, generation, random, _compiler(), transport_factory)
        except BaseException:
            database.dispose()
            raise
        admin.password_notice = first.notice if first is not None else None
        try:
            await admin._start()
        except BaseException:
            await admin.close()
            raise
        return admin

    async def _start(self) -> None:
        def unit(session: Session) -> _Recalled:
            drafts = session.scalars(select(ApplicationRow.draft).order_by(ApplicationRow.seq))
            return _Recalled(
                registry.recall(session, self.sealer),
                remembering.recall(session),
                list(servers.recall(session)),
                [documents.decode(draft) for draft in drafts],
                *self.publisher.build_all(session),
            )

        known = await self.database.run(unit)
        for server in known.servers:
            self.roster.add(server)
        self.clusters.restore(known.states)
        for id, address in known.clusters:
            await self.clusters.add(id, address)
        self.following.start([id for id, _ in known.clusters], known.drafts, known.bodies)
        self.publisher.publish(known.manifests, known.bodies)
        self._tasks.start(self.remembering.run(), "remember endpoints")
        if isinstance(self.compiler, ChildCompiler):
            self._tasks.start(self.compiler.start(), "start the release compiler")

    async def close(self) -> None:
        """End everything that was started; the lock is released last."""
        await self.clusters.close()
        await self._tasks.close()
        await self.gateway_servers.remember_seen()
        try:
            await self.remembering.flush()
        except AdminError:
            pass  # the database is away; what it holds is older, and will be read live again
        await self.compiler.close()
        self._hasher.shutdown(wait=True)
        await run_blocking(self.database.dispose)

    async def work(self, unit: Callable[[Session], T]) -> T:
        """Run one unit of work in the store thread and commit it; Unavailable when the database cannot be reached."""
        try:
            return await self.database.run(unit)
        except Collision as error:
            raise Conflict(str(error)) from error
        except DatabaseUnavailable as error:
            raise Unavailable(str(error)) from error

    async def carry(self, deed: Coroutine[Any, Any, T]) -> T:
        """Run `deed` to its end even when the caller gives up: what was committed must also be pushed."""

        async def outcome() -> tuple[T, None] | tuple[None, Exception]:
            try:
                return await deed, None
            except Exception as error:  # the caller's to handle; a task that failed would be logged as a fault
                return None, error

        result, error = await asyncio.shield(self._tasks.start(outcome(), "carry a write to its end"))
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def background(self, deed: Coroutine[Any, Any, Any], name: str) -> None:
        """Run `deed` as a task of the Admin."""
        self._tasks.start(deed, name)

    async def hash(self, work: Callable[[], T]) -> T:
        """Run password hashing in the one thread for it."""
        return await run_blocking(work, self._hasher)

    async def edit(
        self,
        actor: Actor,
        application: str,
        edit: Callable[[Session, ApplicationDocument], ApplicationDocument],
        deed: str,
    ) -> ApplicationDocument:
        """Edit an application's draft: `edit` answers the new draft. Saved with its pending changes and an audit line
        ("DEED application …", what changed); then its sources are followed and watchers told."""

        def unit(session: Session) -> tuple[ApplicationDocument, bool]:
            row, draft = drafting.load(session, application)
            new = edit(session, draft)
            if new != draft:
                names = drafting.names(session)
                texts = [describe(thing, draft, new, names).text for thing in things(draft, new)]
                self.audit.record(session, actor, deed, f'application "{row.name}"', "; ".join(texts)[:2000])
                drafting.save(session, row, new, actor, self.new_id)
            return new, new != draft

        new, changed = await self.work(unit)
        self.following.draft(new)
        if changed:
            self.events.publish("application", application)
        return new

    def new_id(self) -> str:
        """An id that was never used and never will be: 80 random bits."""
        return self.random.randbytes(10).hex()

    async def ready(self) -> bool:
        """Whether the database answers now (for /readyz)."""
        try:
            await self.database.ping()
        except DatabaseUnavailable:
            return False
        return True

    def _reported(self, name: str, report: Report) -> None:
        self.gateway_servers.reported(name, report)

    def _changed(self, kind: str, id: str) -> None:
        """A Kubernetes cluster's state or a source's endpoints changed."""
        if kind == "kubernetes-cluster":
            self.events.publish("kubernetes-cluster", id)
            return
        source = self.following.wanted.get(id)
        if source is not None:
            revision = int(self.clusters.state(source).revision)
            for upstream in self.following.upstreams_of(id):
                self.events.publish("upstream", upstream, self.upstream_revisions.lifted(upstream, revision))

    def _dropped(self, sources: Sequence[Source]) -> None:
        for source in sources:
            self.hub.forget_source(source)
        self.remembering.forget(sources)


def _compiler() -> Compiler:
    virtual = hasattr(asyncio.get_running_loop(), "virtual_epoch")
    return InlineCompiler() if virtual else ChildCompiler()


def _check_key(session: Session, sealer: Sealer) -> None:
    """Refuse a key that is not the one of this database before anything is made of it."""
    row = session.get(Setting, "key-check")
    if row is None:
        session.add(Setting(name="key-check", value=sealer.seal("edge", KEY_CHECK)))
    else:
        sealer.open(row.value, KEY_CHECK)


def _first(session: Session, settings: AdminSettings, random: random_module.Random) -> FirstPassword | None:
    if settings.admin_token:
        tokens.keep_environment_token(session, settings.admin_token, random.randbytes(10).hex())
    terminal = sys.stderr.isatty() if settings.terminal is None else settings.terminal
    return first_user(session, settings.admin_password, terminal, settings.data_dir, random)
