"""Fakes at the HTTP seam: an httpx transport whose answers are streams that a test feeds byte by byte.

`Dialogue`: the test hears each request and answers it itself. `FakeCluster`: answers lists, watches and access reviews
by itself from a few objects; the test changes the objects, takes rights away, breaks things.
"""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from random import Random
from typing import Any

import httpx

from edge import virtual_time
from edge.kube.address import ClusterAddress
from edge.kube.client import Client

DATA = Path(__file__).parent / "data"
TOKEN = "secret-token-that-nobody-sees"
ADDRESS = ClusterAddress("kubernetes.test", 6443, token=TOKEN)


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an async test on the loop whose clock jumps."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        virtual_time.run(test(*args, **kwargs))

    return run


async def settle(seconds: float = 0.001) -> None:
    """Let everything that is ready run."""
    await asyncio.sleep(seconds)


def now() -> float:
    return asyncio.get_running_loop().time()


def encoded(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def line(type: str, object: Any) -> bytes:
    return encoded({"type": type, "object": object}) + b"\n"


def recorded(name: str) -> bytes:
    return (DATA / name).read_bytes()


def status(code: int, reason: str, message: str, **more: Any) -> dict[str, Any]:
    return {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message, **more}


class Stream(httpx.AsyncByteStream):
    """The body of an answer, as the test sends it."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self.closed = False

    def send(self, piece: bytes) -> None:
        self._pieces.put_nowait(piece)

    def end(self) -> None:
        self._pieces.put_nowait(None)

    def cut(self, error: Exception | None = None) -> None:
        self._pieces.put_nowait(error or httpx.ReadError("the connection was reset"))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await self._pieces.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def aclose(self) -> None:
        self.closed = True


class Asked:
    """A request that waits for the test's answer."""

    def __init__(self, request: httpx.Request, body: bytes) -> None:
        self.request = request
        self.method = request.method
        self.path = request.url.path
        self.params = dict(request.url.params)
        self.body = body
        self.given_up = False
        self._answer: asyncio.Future[httpx.Response] = asyncio.get_running_loop().create_future()

    def __repr__(self) -> str:
        return f"<Asked {self.method} {self.path} {self.params}>"

    def answer(self, code: int, body: Any = b"", headers: dict[str, str] | None = None) -> None:
        self._answer.set_result(httpx.Response(code, content=encoded(body), headers=headers))

    def listed(self, version: str | int, *items: Any, token: str = "") -> None:
        meta = {"resourceVersion": str(version), **({"continue": token} if token else {})}
        self.answer(200, {"kind": "List", "metadata": meta, "items": list(items) or None})

    def stream(self, code: int = 200) -> Stream:
        stream = Stream()
        self._answer.set_result(httpx.Response(code, stream=stream))
        return stream

    def fail(self, error: Exception) -> None:
        self._answer.set_exception(error)

    async def answered(self) -> httpx.Response:
        try:
            return await self._answer
        except asyncio.CancelledError:
            self.given_up = True
            raise


class Transport(httpx.AsyncBaseTransport):
    """Says when it is connected, as httpcore does through the trace extension."""

    def __init__(self) -> None:
        self.connects = asyncio.Event()
        self.connects.set()
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self.connects.wait()
        trace = request.extensions.get("trace")
        if trace is not None:
            await trace("http11.send_request_headers.started", {})
        asked = Asked(request, await request.aread())
        self.take(asked)
        return await asked.answered()

    def take(self, asked: Asked) -> None:
        raise NotImplementedError

    async def aclose(self) -> None:
        self.closed = True


class Dialogue(Transport):
    """The test hears requests in order and answers them."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: asyncio.Queue[Asked] = asyncio.Queue()

    def take(self, asked: Asked) -> None:
        self._asked.put_nowait(asked)

    @property
    def silent(self) -> bool:
        return self._asked.empty()

    async def hear(self) -> Asked:
        return await self._asked.get()

    async def hear_list(self) -> Asked:
        asked = await self.hear()
        assert "watch" not in asked.params, asked
        return asked

    async def hear_watch(self) -> Asked:
        asked = await self.hear()
        assert asked.params.get("watch") == "true", asked
        return asked


def client(transport: httpx.AsyncBaseTransport, address: ClusterAddress = ADDRESS) -> Client:
    return Client(address, transport)


# objects


def meta(name: str, version: int, namespace: str = "default", **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": namespace, "uid": f"uid-{name}", "resourceVersion": str(version), **more}


def service(name: str, version: int = 1, namespace: str = "default", **spec: Any) -> dict[str, Any]:
    return {"metadata": meta(name, version, namespace), "spec": {"ports": [{"port": 80, "protocol": "TCP"}], **spec}}


def slice_(
    name: str,
    service: str,
    addresses: dict[str, str],
    version: int = 1,
    namespace: str = "default",
    ports: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """A slice of port 8080, or of `ports`; `addresses` maps IP to state: ready, waiting or ending."""
    conditions = {
        "ready": {"ready": True, "serving": True, "terminating": False},
        "waiting": {"ready": False, "serving": False, "terminating": False},
        "ending": {"ready": False, "serving": True, "terminating": True},
    }
    return {
        "metadata": meta(name, version, namespace, labels={"kubernetes.io/service-name": service}),
        "addressType": "IPv6" if any(":" in ip for ip in addresses) else "IPv4",
        "endpoints": [
            {"addresses": [ip], "conditions": conditions[state], "targetRef": {"kind": "Pod", "name": f"pod-{ip}"}}
            for ip, state in addresses.items()
        ]
        or None,
        "ports": ports or [{"name": "", "protocol": "TCP", "port": 8080}],
    }


def endpoints(name: str, addresses: list[str], version: int = 1, namespace: str = "default") -> dict[str, Any]:
    subsets = [{"addresses": [{"ip": ip} for ip in addresses], "ports": [{"port": 8080}]}] if addresses else None
    return {"metadata": meta(name, version, namespace), "subsets": subsets}


# a cluster that answers by itself

Rights = Callable[[str, str, str], bool]


class FakeCluster(Transport):
    """Objects by resource; `rights(verb, resource, namespace)` decides, for reviews and real requests alike.

    `breaks`: called with every request first; an answer, exception or None.
    """

    def __init__(self) -> None:
        super().__init__()
        self.version = 100
        self.objects: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
        self.watches: list[tuple[str, str, Stream]] = []
        self.history: list[tuple[int, str, str, bytes]] = []
        self.oldest = 0
        self.expires_in_the_stream = False
        self.rights: Rights = lambda verb, resource, namespace: True
        self.breaks: Callable[[Asked], httpx.Response | Exception | None] = lambda asked: None
        self.log: list[Asked] = []
        self.put("namespaces", {"metadata": {"name": "default"}})

    def put(self, resource: str, object: dict[str, Any]) -> None:
        key = (object["metadata"].get("namespace", ""), object["metadata"]["name"])
        known = self.objects.setdefault(resource, {})
        self._event("MODIFIED" if key in known else "ADDED", resource, key, object)
        known[key] = object

    def remove(self, resource: str, name: str, namespace: str = "default") -> None:
        object = self.objects[resource].pop((namespace, name))
        self._event("DELETED", resource, (namespace, name), object)

    def compact(self) -> None:
        """Forget the history: watches from before now are answered with 410."""
        self.oldest = self.version
        self.history.clear()

    def _event(self, type: str, resource: str, key: tuple[str, str], object: dict[str, Any]) -> None:
        self.version += 1
        object["metadata"]["resourceVersion"] = str(self.version)
        self.history.append((self.version, resource, key[0], line(type, object)))
        for watched, namespace, stream in self.watches:
            if watched == resource and namespace in ("", key[0]) and not stream.closed:
                stream.send(line(type, object))

    def end_watches(self, error: Exception | None = None) -> None:
        for _, _, stream in self.watches:
            stream.cut(error) if error else stream.end()
        self.watches.clear()

    def take(self, asked: Asked) -> None:
        self.log.append(asked)
        broken = self.breaks(asked)
        if isinstance(broken, Exception):
            asked.fail(broken)
        elif broken is not None:
            asked._answer.set_result(broken)
        elif asked.path.endswith("/selfsubjectaccessreviews"):
            spec = json.loads(asked.body)["spec"]["resourceAttributes"]
            allowed = self.rights(spec["verb"], spec["resource"], spec["namespace"])
            asked.answer(201, {"kind": "SelfSubjectAccessReview", "status": {"allowed": allowed}})
        else:
            self._read(asked)

    def _read(self, asked: Asked) -> None:
        parts = asked.path.strip("/").split("/")
        resource = parts[-1]
        namespace = parts[-2] if parts[-3] == "namespaces" else ""
        verb = "watch" if "watch" in asked.params else "list"
        if not self.rights(verb, resource, namespace):
            asked.answer(403, status(403, "Forbidden", f'{resource} is forbidden: cannot {verb} resource "{resource}"'))
        elif verb == "watch":
            self._watch(asked, resource, namespace)
        else:
            found = [one for key, one in self.objects.get(resource, {}).items() if namespace in ("", key[0])]
            asked.listed(self.version, *found)

    def _watch(self, asked: Asked, resource: str, namespace: str) -> None:
        since = int(asked.params.get("resourceVersion", "0"))
        if since and since < self.oldest:
            gone = status(410, "Expired", f"too old resource version: {since} ({self.oldest})")
            if not self.expires_in_the_stream:
                asked.answer(410, gone)
                return
            stream = asked.stream()
            stream.send(line("ERROR", gone))
            stream.end()
            return
        stream = asked.stream()
        for version, changed, where, event in self.history:
            if version > since and changed == resource and namespace in ("", where):
                stream.send(event)
        self.watches.append((resource, namespace, stream))


def random() -> Random:
    return Random(7)
