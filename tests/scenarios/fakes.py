"""Kubernetes and Edge as scenarios see them, in this process: a cluster behind an in-memory transport, and an Admin
with gateways as HTTP servers on loopback. `Edge` does everything right at once; a test's subclass does one thing wrong.
"""

import asyncio
import json
import re
from urllib.parse import urlsplit

from scenarios.errors import StepError
from scenarios.kubernetes import Kubernetes
from scenarios.targets import Address

SERVICE = ("test", "default", "test-hello")


class Cluster:
    """A target with one Deployment, whose pods are ready as soon as they are wanted."""

    name, offers, control, nodes = "fake", ("api-server",), None, None

    def __init__(self):
        self.kubernetes, self.api_server = Kubernetes(self), self
        self.pods, self.away, self.asked, self.closed = {}, False, [], False
        self._made, self._version, self._watchers = 0, 0, []
        self.known = []  # what Edge has seen of it last

    # a target

    async def open(self, folder):
        pass

    async def address(self):
        return Address("127.0.0.1", 1, "token")

    # its API server, as steps stop and start it

    async def stop(self, keep):
        self.away = True

    async def start(self):
        self.away = False

    # a transport

    async def send(self, method, path, body, content_type):
        self.asked.append(f"{method} {path}")
        if self.away:
            raise StepError("nobody answers")
        asked = json.loads(body) if body else {}
        if "spec" in asked and "replicas" in asked["spec"]:
            self.scale(asked["spec"]["replicas"])
        answer = self._read(path)
        if answer is None:
            return 404, b'{"message": "not found"}'
        return (201 if content_type.endswith("apply-patch+yaml") else 200), json.dumps(answer).encode()

    def _read(self, path):
        last = path.partition("?")[0].rpartition("/")[2]
        items = {"pods": [self._pod(name) for name in self.pods], "endpointslices": [self._slice()]}
        if last in items:
            return {"items": items[last], "metadata": {"resourceVersion": str(self._version)}}
        if path.endswith("/absent"):
            return None
        return {"metadata": {"name": "test-hello"}, "status": {"readyReplicas": len(self.pods)}}

    async def lines(self, path):
        queue = asyncio.Queue()
        self._watchers.append((path, queue))
        while True:
            yield json.dumps(await queue.get()).encode()

    async def close(self):
        self.closed = True

    # what it does

    def scale(self, replicas):
        while len(self.pods) < replicas:
            self._made += 1
            self.pods[f"pod-{self._made}"] = f"10.0.0.{self._made}"
        while len(self.pods) > replicas:
            name = next(iter(self.pods))
            ended = self._pod(name)
            del self.pods[name]
            self._tell("pods", "DELETED", ended)
        self._tell("endpointslices", "MODIFIED", self._slice())

    def _tell(self, collection, kind, found):
        self._version += 1
        found["metadata"]["resourceVersion"] = str(self._version)
        for path, queue in self._watchers:
            if f"/{collection}?" in path:
                queue.put_nowait({"type": kind, "object": found})

    def _pod(self, name):
        return {"metadata": {"name": name, "resourceVersion": "1"}}

    def _slice(self):
        labels = {"kubernetes.io/service-name": "test-hello"}
        endpoints = [{"addresses": [address], "conditions": {"ready": True}} for address in self.pods.values()]
        return {"metadata": {"name": "test-hello-1", "labels": labels, "resourceVersion": "1"}, "endpoints": endpoints}


class Process:
    """What `edge.demo.processes.Child` is to a house, of a server in this process."""

    pid = 0

    def __init__(self, name, folder, server, ready):
        self.name, self.log, self.ready, self.running = name, folder / f"{name}.log", ready, True
        self.log.write_text(f"{name} was here\n")
        self._server = server

    async def wait_ready(self, tasks):
        pass

    def tail(self, lines):
        return self.log.read_text()

    def signal(self, number):
        if number == 9:
            self.running = False

    async def stop(self, timeout=0):
        self.running = False
        self._server.close()

    async def ended(self):
        self._server.close()
        return -9


class Edge:
    """The Admin and gateways. What a real one would have to be told, it looks up in `cluster`."""

    def __init__(self, cluster):
        self.cluster, self.versions, self._turn = cluster, 0, 0
        self._made, self._once, self._open = {}, [], []

    # what may be wrong

    def known(self):
        """The pods that Edge knows of, by name; the last known ones while the API server is away."""
        if not self.cluster.away:
            self.cluster.known = dict(self.cluster.pods)
        return self.cluster.known

    def shown(self):
        """(the pods that the Admin shows, whether they are stale)."""
        return self.known(), self.cluster.away

    def state(self):
        return "unreachable" if self.cluster.away else "connected"

    def served(self, gateway):
        return self.known()

    def version(self, gateway):
        return self.versions

    def origin(self, gateway):
        return "admin"

    def applied(self, version):
        return ["gateway-1", "gateway-2"]

    def choose(self, pods):
        self._turn += 1
        return list(pods)[self._turn % len(pods)]

    async def answer(self, gateway):
        """(status, pod) of a request; None closes the connection instead."""
        pods = self.served(gateway)
        return (200, self.choose(pods)) if pods else (503, "")

    # processes

    async def begin(self, command, options, folder, environment):
        name = options[options.index("--name") + 1] if command == "gateway" else "admin"

        async def serve(reader, writer):
            self._open.append(asyncio.current_task())
            try:
                await self._connection(name, reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                pass
            finally:
                writer.close()

        port = int(options[options.index("--listen") + 1].rpartition(":")[2])
        server = await asyncio.start_server(serve, "127.0.0.1", port)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return Process(name, folder, server, [url, "status", url])

    async def close(self):
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await asyncio.sleep(0)

    async def _connection(self, name, reader, writer):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, target, _ = head.partition("\r\n")[0].split(" ")
            length = re.search(r"(?i)content-length: (\d+)", head)
            body = await reader.readexactly(int(length[1])) if length else b""
            if target.endswith("/events"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {}\n\n")
                await asyncio.Event().wait()
            if name == "admin":
                answer = self._admin(method, urlsplit(target).path.removeprefix("/api/v1/"), json.loads(body or "{}"))
                said, pod = (404, {"error": {"message": "not found"}}) if answer is None else (200, answer), ""
            elif target == "/-/snapshot":
                said, pod = (200, self._snapshot(name)), ""
            else:
                answered = await self.answer(name)
                if answered is None:
                    return
                said, pod = (answered[0], f"hello from {answered[1]}"), answered[1]
            text = said[1] if isinstance(said[1], str) else json.dumps(said[1])
            headers = f"Content-Length: {len(text)}\r\n" + (f"X-Pod: {pod}\r\n" if pod else "")
            writer.write(f"HTTP/1.1 {said[0]} Said\r\n{headers}\r\n{text}".encode())

    # the Admin

    def _admin(self, method, path, body):
        if method == "POST":
            found = self._made.setdefault(path, [])
            if path.endswith("/releases"):
                self.versions += 1
                body = {**body, "version": self.versions}
            found.append({"id": f"{path.rpartition('/')[2]}-{len(found) + 1}", "token": "t", **body})
            return found[-1]
        if path in self._made:
            return {"items": [self._view(path, item) for item in self._made[path]]}
        collection, _, id = path.rpartition("/")
        for item in self._made.get(collection, []):
            if id in (item["id"], str(item.get("version"))):
                return self._view(collection, item)
        return {"items": []} if path.split("/")[-1] in ("applications", "upstreams", "releases") else None

    def _view(self, collection, item):
        if collection.endswith("/upstreams"):
            pods, stale = self.shown()
            endpoints = [{"address": a, "ready": True, "terminating": False} for a in pods.values()]
            return {**item, "endpoints": endpoints, "stale_since": "then" if stale else None}
        if collection.endswith("/releases"):
            applied = self.applied(item["version"])
            states = {name: "applied" if name in applied else "behind" for name in ("gateway-1", "gateway-2")}
            servers = [{"name": name, "state": state} for name, state in states.items()]
            return {**item, "sync": {"complete": len(applied) == 2, "applied": len(applied), "servers": servers}}
        return {**item, "status": {"state": self.state(), "message": None}}

    # a gateway

    def _snapshot(self, name):
        _, namespace, service = SERVICE
        endpoints = [{"address": address, "ready": True} for address in self.served(name).values()]
        source = {"cluster": "kubernetes-clusters-1", "namespace": namespace, "service": service}
        application = {"name": "www.kubernetes-edge-test.com", "version": self.version(name)}
        return {
            "origin": self.origin(name),
            "applications": [application],
            "sources": [{**source, "endpoints": endpoints}],
        }
