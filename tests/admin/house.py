"""An Admin in virtual time: SQLite in memory or in a file, a Kubernetes API that answers by itself, and gateways that
speak the real protocol over channels in memory."""

import asyncio
import functools
import random
from contextlib import asynccontextmanager

from edge import virtual_time
from edge.admin.actor import Actor
from edge.admin.admin import Admin, AdminSettings
from edge.admin.views import (
    ApplicationBody,
    GatewayClusterBody,
    JoinTokenBody,
    KubernetesClusterBody,
    KubernetesService,
    PartitionBody,
    ReleaseBody,
    RuleBody,
    UpstreamBody,
)
from edge.model import Proxy, Respond, Server
from edge.tasks import Tasks
from edge.wire.memory import pair
from edge.wire.subscription import Subscription
from tests.kube.support import TOKEN, FakeCluster, service, slice_

PASSWORD = "correct horse battery"
VIEWER, EDITOR, RELEASER, ADMIN = (
    Actor(kind="user", id=f"id-{role}", name=role, role=role) for role in ("viewer", "editor", "releaser", "admin")
)


def in_virtual_time(test):
    """Run an async test on the loop whose clock jumps."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        virtual_time.run(test(*args, **kwargs))

    return run


class Gateway:
    """A gateway server as the Admin sees one: joins, subscribes, and takes or refuses what it is given."""

    def __init__(self, admin, name="g1", join_token=None, credential=None):
        self.admin, self.name, self.join_token = admin, name, join_token
        self.credential = credential or (name * 43)[:43]
        self.refuses = {}
        self.content = None
        self.sources = {}
        self.subscription = Subscription(self)
        self.tasks = Tasks()
        self.channel = None
        self.closed = asyncio.Event()

    def apply(self, content):
        if not self.refuses:
            self.content = content
        self.sources.update(content.sources)
        return self.refuses

    def apply_source(self, state):
        self.sources[state.source.key] = state

    def served(self):
        return [(entry.name, entry.version) for entry in self.content.manifest.applications] if self.content else []

    async def connect(self):
        admission = await self.admin.gateway_servers.admit(
            credential=self.credential,
            join_token=self.join_token,
            name=self.name,
            version="0.1.0",
            address="127.0.0.1:8080",
        )
        self.channel, other = pair()
        self.closed.clear()
        self.tasks.start(self._serve(admission, other), f"{self.name} at the Admin")
        self.tasks.start(self.subscription.run(self.channel), f"{self.name} subscribes")
        await settle()
        return admission

    async def _serve(self, admission, channel):
        try:
            await self.admin.gateway_servers.serve(admission, channel)
        finally:
            self.closed.set()

    async def disconnect(self):
        await self.channel.close("gone")
        await self.closed.wait()
        await settle()

    async def close(self):
        await self.tasks.close()


async def settle(seconds=0.01):
    """Let everything that is ready run."""
    await asyncio.sleep(seconds)


class House:
    """An Admin with shorthands; `kubernetes` is the API that its clusters talk to."""

    def __init__(self, admin, kubernetes):
        self.admin, self.kubernetes = admin, kubernetes
        self.gateways = []

    async def partition(self, name="eu"):
        return (await self.admin.partitions.create(ADMIN, PartitionBody(name=name))).id

    async def gateway(self, partition, name="g1", connect=True):
        cluster = await self.admin.gateway_clusters.create(
            ADMIN, GatewayClusterBody(name=f"cluster of {name}", partition=partition)
        )
        token = await self.admin.join_tokens.create(ADMIN, cluster.id, JoinTokenBody())
        gateway = self.known_gateway(name, token.token)
        if connect:
            await gateway.connect()
        return gateway

    def known_gateway(self, name="g1", join_token=None):
        gateway = Gateway(self.admin, name, join_token)
        self.gateways.append(gateway)
        return gateway

    async def cluster(self, name="test", **more):
        body = KubernetesClusterBody(name=name, host="kubernetes.test", token=TOKEN, **more)
        return (await self.admin.kubernetes_clusters.create(ADMIN, body)).id

    async def application(self, name="shop", domains=("shop.example",), partitions=(), **more):
        body = ApplicationBody(name=name, domains=list(domains), partitions=list(partitions), **more)
        return (await self.admin.applications.create(EDITOR, body)).id

    async def upstream(self, application, name="by hand", host="10.0.0.1"):
        body = UpstreamBody(name=name, servers=[Server(host, 80)])
        return (await self.admin.upstreams.create(EDITOR, application, body)).id

    async def service(self, application, cluster, name="my kubernetes backend", service="test-hello", port=80):
        kubernetes = KubernetesService(cluster=cluster, namespace="default", service=service, port=port)
        return (
            await self.admin.upstreams.create(EDITOR, application, UpstreamBody(name=name, kubernetes=kubernetes))
        ).id

    async def rule(self, application, upstream=None, name="all", **more):
        action = Proxy(upstream) if upstream else Respond()
        return (await self.admin.rules.create(EDITOR, application, RuleBody(name=name, actions=[action], **more))).id

    async def release(self, application, comment=""):
        release = await self.admin.releases.create(RELEASER, application, ReleaseBody(comment=comment))
        await settle()
        return release

    async def texts(self, application):
        return [change.text for change in (await self.admin.changes.list(VIEWER, application)).items]

    async def shop(self, name="shop", partitions=(), **more):
        """A released application that proxies to a server written by hand."""
        domains = more.pop("domains", (f"{name}.example",))
        application = await self.application(name, domains, partitions, **more)
        await self.rule(application, await self.upstream(application))
        await self.release(application)
        return application


def answering(*addresses):
    """A Kubernetes API with the tutorial's service behind these pod addresses."""
    kubernetes = FakeCluster()
    kubernetes.put("services", service("test-hello"))
    kubernetes.put(
        "endpointslices", slice_("test-hello-1", "test-hello", dict.fromkeys(addresses or ["10.1.0.1"], "ready"))
    )
    return kubernetes


def settings(tmp_path, database="sqlite://", **more):
    return AdminSettings(data_dir=tmp_path, database=database, admin_password=PASSWORD, **more)


@asynccontextmanager
async def house(tmp_path, database="sqlite://", kubernetes=None, **more):
    kubernetes = kubernetes or answering()
    admin = await Admin.open(
        settings(tmp_path, database, **more),
        random=random.Random(),  # a restart must not make the same ids again
        transport_factory=lambda address: kubernetes,
    )
    found = House(admin, kubernetes)
    try:
        yield found
    finally:
        for gateway in found.gateways:
            await gateway.close()
        await admin.close()
