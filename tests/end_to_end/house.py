"""A whole house of real processes: simulator, Admin and gateways, as an operator would start them."""

import asyncio
import secrets
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from edge.demo.admin import AdminClient
from edge.demo.kubernetes import Kubectl
from edge.demo.processes import start
from edge.demo.tutorial import HELLO_MANIFEST, HOST, TOKEN_MANIFEST, UPSTREAM
from edge.tasks import Tasks

TOKEN = "edge-test-" + secrets.token_hex(12)
PASSWORD = "test-" + secrets.token_hex(8)


class House:
    """Processes by name, all below one folder; `admin` is the client of the running Admin."""

    def __init__(self, folder: Path, database: str | None = None):
        self.folder = folder
        self.database = database
        self.tasks = Tasks()
        self.children = {}
        self.admin = None
        self.admin_url = ""
        self.kubeconfig = folder / "kubeconfig"
        self.api_server = ("", 0)

    async def start_simulator(self, *options):
        child = await self._start(
            "simulator",
            *("--listen", "127.0.0.1:0", "--control-listen", "127.0.0.1:0", "--kubeconfig", str(self.kubeconfig)),
            *options,
        )
        parts = urlsplit(child.ready[0])
        self.control_url = child.ready[2]
        self.use_simulator(parts.hostname, parts.port)
        return child

    def use_simulator(self, host, port):
        """Speak to the API server at this address, which `kubeconfig` describes."""
        self.api_server = (host, port)
        self.kubectl = Kubectl(str(Path(sys.executable).with_name("kubectl")), self.kubeconfig, self.folder / "cache")

    async def start_admin(self):
        """Start it on a free port, or again on the port it had."""
        listen = self.admin_url.removeprefix("http://") or "127.0.0.1:0"
        options = ["--listen", listen, "--data-dir", str(self.folder / "admin")]
        if self.database:
            options += ["--database", self.database]
        child = await self._start(
            "admin", *options, environment={"EDGE_ADMIN_PASSWORD": PASSWORD, "EDGE_ADMIN_TOKEN": TOKEN}
        )
        self.admin_url = child.ready[0]
        await self.forget_client()
        self.admin = await AdminClient(self.admin_url, TOKEN).__aenter__()
        return child

    async def forget_client(self):
        if self.admin is not None:
            await self.admin.__aexit__(None, None, None)
            self.admin = None

    async def start_gateway(self, name, join_token=None, listen="127.0.0.1:0", workers=1, tls=False):
        child = await self._start(
            "gateway",
            *("--admin", self.admin_url, "--name", name, "--listen", listen, "--workers", str(workers)),
            *("--status-listen", "127.0.0.1:0", "--data-dir", str(self.folder / name)),
            *(("--tls-listen", "127.0.0.1:0") if tls else ()),
            environment={"EDGE_GATEWAY_JOIN_TOKEN": join_token or "none"},
            key=name,
        )
        return child

    async def _start(self, command, *options, environment=None, key=None):
        child = await start(command, options, self.folder, environment)
        self.children[key or command] = child
        await child.wait_ready(self.tasks)
        return child

    def kill(self, name):
        """kill -9, at once."""
        self.children[name]._process.kill()

    async def killed(self, name):
        self.kill(name)
        await self.children[name].ended()

    async def close(self):
        await self.forget_client()
        for child in reversed(self.children.values()):
            await child.stop()
        await self.tasks.close()

    # the tutorial's deeds

    async def prepare_gateways(self):
        partition = await self.admin.create("partitions", {"name": "kubernetes-test-partition"})
        cluster = await self.admin.create(
            "gateway-clusters", {"name": "kubernetes-test-cluster", "partition": partition["id"]}
        )
        self.partition, self.gateway_cluster = partition["id"], cluster["id"]

    async def join_token(self, **options):
        answer = await self.admin.create(f"gateway-clusters/{self.gateway_cluster}/join-tokens", options)
        return answer["token"]

    async def register_cluster(self):
        await self.kubectl.apply(TOKEN_MANIFEST)
        token = await self.kubectl.read_token("edge-reader-token")
        host, port = self.api_server
        self.cluster = await self.admin.create(
            "kubernetes-clusters",
            {"name": "test", "host": host, "port": port, "ssl_verify": False, "token": token},
        )
        return self.cluster

    async def deploy(self):
        await self.kubectl.apply(HELLO_MANIFEST)

    async def create_application(self):
        application = await self.admin.create(
            "applications", {"name": HOST, "domains": [HOST], "partitions": [self.partition]}
        )
        self.application = f"applications/{application['id']}"
        source = {"cluster": self.cluster["id"], "namespace": "default", "service": "test-hello", "port": 80}
        upstream = await self.admin.create(f"{self.application}/upstreams", {"name": UPSTREAM, "kubernetes": source})
        self.upstream = f"{self.application}/upstreams/{upstream['id']}"
        await self.admin.create(
            f"{self.application}/rules",
            {"name": "everything", "actions": [{"type": "proxy", "upstream": upstream["id"]}]},
        )

    async def release(self, comment="test"):
        release = await self.admin.create(f"{self.application}/releases", {"comment": comment})
        return await self.synced(release["version"])

    async def synced(self, version, applied=1):
        path = f"{self.application}/releases/{version}"
        return await self.admin.until(
            f"release {version} applied by {applied}",
            lambda: self.admin.get(path),
            lambda view: view["sync"]["complete"] and view["sync"]["applied"] >= applied,
            within=20,
        )

    async def endpoints(self, count):
        return await self.admin.until(
            f"{count} endpoints",
            lambda: self.admin.get(self.upstream),
            lambda view: len(view["endpoints"]) == count and all(e["ready"] for e in view["endpoints"]),
            within=20,
        )

    async def curl(self, path="/", gateway="gateway-1", host=HOST):
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.get(self.url(gateway) + path, headers={"host": host})

    async def status(self, path, gateway="gateway-1"):
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.get(self.children[gateway].ready[2] + path)

    def url(self, gateway="gateway-1"):
        return self.children[gateway].ready[0]

    def tls_url(self, gateway="gateway-1"):
        """Where a gateway started with `tls` takes HTTPS."""
        return next(url for url in self.children[gateway].ready if url.startswith("https://"))

    async def certificate_shown(self, host, context):
        """The serial number of the certificate that a new connection is shown."""
        parts = urlsplit(self.tls_url())
        _, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=context, server_hostname=host)
        serial = writer.get_extra_info("ssl_object").getpeercert()["serialNumber"]
        writer.close()
        return serial


@asynccontextmanager
async def running(folder, database=None, *, tutorial=True, gateway=True, tls=False, workers=1):
    """A house with simulator, Admin and one gateway of so many `workers`; with `tutorial`, up to its first release."""
    house = House(folder, database)
    try:
        await house.start_simulator()
        await house.start_admin()
        if gateway:
            await house.prepare_gateways()
            await house.start_gateway("gateway-1", await house.join_token(), tls=tls, workers=workers)
        if tutorial:
            await house.register_cluster()
            await house.deploy()
            await house.create_application()
            await house.endpoints(1)
            await house.release()
        yield house
    finally:
        await house.close()
