"""The whole road over real TLS: a real token, a Deployment that scales, an API server that stops and forgets.

Time is real here, as in no other test of this folder: each wait is for an event, and ends when it comes.
"""

import asyncio
import base64
import random
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

import edge.kube
from edge.admin.kubernetes.clusters import Clusters
from edge.kube.address import ClusterAddress
from edge.model.source import Source
from simulator.settings import Settings
from simulator.simulator import Simulator

HELLO = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: test-hello, namespace: default}
spec:
  replicas: 1
  selector: {matchLabels: {app: test-hello}}
  template:
    metadata: {labels: {app: test-hello}}
    spec:
      containers: [{name: hello, image: "hello:1", ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: test-hello, namespace: default}
spec:
  selector: {app: test-hello}
  ports: [{port: 80, targetPort: 8080}]
"""
TOKEN_MANIFEST = Path(edge.kube.__file__).with_name("token.yml").read_text()
SOURCE = Source("k", "default", "test-hello", 80)


class Followed:
    """Clusters that follow the simulator, and a way to wait for what they show."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.published = []
        self._news = asyncio.Event()
        self.clusters = Clusters(
            publish=self._publish,
            changed=lambda kind, id: self._news.set(),
            remember=lambda state, stale_since: None,
            generation=1,
            random=random.Random(1),
        )

    def _publish(self, state) -> None:
        self.published.append(state)
        self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(15):
            while not condition():
                self._news.clear()
                await self._news.wait()

    @property
    def ready(self) -> int:
        return sum(one.ready for one in self.clusters.state(SOURCE).endpoints)

    async def token(self) -> str:
        answer = await self.api("GET", "/api/v1/namespaces/default/secrets/edge-reader-token")
        return base64.b64decode(answer["data"]["token"]).decode()

    async def api(self, method: str, path: str, body=None):
        headers = {"authorization": f"Bearer {self.simulator.token}", "content-type": "application/merge-patch+json"}
        async with httpx.AsyncClient(verify=False, trust_env=False, headers=headers) as http:
            answer = await http.request(method, self.simulator.url + path, json=body)
            answer.raise_for_status()
            return answer.json()

    async def scale(self, replicas: int) -> None:
        path = "/apis/apps/v1/namespaces/default/deployments/test-hello/scale"
        await self.api("PATCH", path, {"spec": {"replicas": replicas}})


@asynccontextmanager
async def following(manifest: str):
    """A simulator with the tutorial's objects and a reader's token, followed with that token."""
    settings = Settings(listen="127.0.0.1:0", control_listen="127.0.0.1:0", seed=1)
    async with Simulator(settings) as simulator:
        simulator.load(manifest)
        simulator.load(HELLO)
        followed = Followed(simulator)
        url = urlsplit(simulator.url)
        followed.address = ClusterAddress(
            url.hostname, url.port, ca_certificate=simulator.ca.decode(), token=await followed.token()
        )
        followed.clusters.follow([SOURCE])
        await followed.clusters.add("k", followed.address)
        try:
            yield followed
        finally:
            await followed.clusters.close()


async def test_a_deployment_that_scales_is_followed_through_a_restart_of_the_api_server():
    async with following(TOKEN_MANIFEST) as it:
        found = await it.clusters.wait_checked("k")
        assert (found.state, found.warnings) == ("connected", [])
        assert "test-hello" in [one.name for one in it.clusters.services("k", "default")]
        await it.until(lambda: it.ready == 1)
        await it.scale(3)
        await it.until(lambda: it.ready == 3)
        pods = [one.pod for one in it.clusters.state(SOURCE).endpoints]
        assert all(pod.startswith("test-hello-") for pod in pods)

        await it.simulator.stop_server(keep=True)
        await it.until(lambda: it.clusters.status("k").state == "unreachable")
        view = it.clusters.state(SOURCE)
        assert [one.pod for one in view.endpoints] == pods
        assert view.stale_since is not None
        it.simulator.compact(None)
        await it.simulator.start_server()
        await it.until(lambda: it.clusters.status("k").state == "connected")
        assert it.clusters.state(SOURCE).stale_since is None
        assert [one.pod for one in it.clusters.state(SOURCE).endpoints] == pods

        await it.scale(1)
        await it.until(lambda: any(one.terminating and one.serving for one in it.clusters.state(SOURCE).endpoints))
        await it.until(lambda: len(it.clusters.state(SOURCE).endpoints) == 1)
        revisions = [state.revision for state in it.published]
        assert revisions == sorted(set(revisions))


async def test_the_tutorials_four_resource_token_is_connected_with_a_warning():
    without = TOKEN_MANIFEST.replace('- apiGroups: ["discovery.k8s.io"]', "- apiGroups: [example.com]")
    assert without != TOKEN_MANIFEST
    async with following(without) as it:
        found = await it.clusters.wait_checked("k")
        assert found.state == "connected"
        assert "list and watch on endpointslices (API group discovery.k8s.io)" in found.warnings[0]
        await it.until(lambda: it.ready == 1)
        await it.scale(2)
        await it.until(lambda: it.ready == 2)


async def test_a_wrong_token_and_a_missing_ca_are_told_apart():
    async with following(TOKEN_MANIFEST) as it:
        wrong = msgspec.structs.replace(it.address, token="nonsense")
        assert (await it.clusters.check(wrong)).state == "unauthorized"
        unknown = msgspec.structs.replace(it.address, ca_certificate=None)
        assert (await it.clusters.check(unknown)).state == "tls_error"
        anonymous = msgspec.structs.replace(it.address, token="")
        found = await it.clusters.check(anonymous)
        assert found.state in ("unauthorized", "forbidden")
        assert (await it.clusters.check(msgspec.structs.replace(it.address, port=1))).state == "unreachable"


@pytest.mark.parametrize("verb", ["list", "watch"])
async def test_a_role_without_a_verb_is_named_by_verb_and_resource(verb):
    verbs = '["get", "watch"]' if verb == "list" else '["get", "list"]'
    async with following(TOKEN_MANIFEST.replace('["get", "list", "watch"]', verbs)) as it:
        found = await it.clusters.wait_checked("k")
        assert found.state == "forbidden"
        assert f"lacks {verb} on services in the whole cluster" in found.message
        assert f"{verb} on endpointslices (API group discovery.k8s.io) in the whole cluster" in found.message
