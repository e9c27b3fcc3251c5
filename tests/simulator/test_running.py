"""The simulator beside synchronous code: crashes, certificates, tokens, roll-backs and time, over real TLS."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator

import httpx
import pytest
import yaml
from kr8s._async_utils import as_sync_func
from kubernetes import client
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap

from simulator.running import RunningSimulator
from simulator.settings import Settings, SettingsError
from tests.simulator.in_memory import MAPS
from tests.simulator.world import FILES

FREE = {"listen": "127.0.0.1:0", "control_listen": "127.0.0.1:0"}
ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/edge-reader/token"


@pytest.fixture
def running() -> Iterator[RunningSimulator]:
    with RunningSimulator(Settings(**FREE, seed=1, pods="none")) as running:
        yield running


def control(running: RunningSimulator, path: str, body: object) -> httpx.Response:
    return httpx.post(f"{running.control_url}/control/v1/{path}", json=body, trust_env=False)


def serial(running: RunningSimulator) -> str:
    host, _, port = running.url.removeprefix("https://").rpartition(":")
    return ssl.get_server_certificate((host, int(port)))


def test_a_crash_breaks_a_watch_off_and_a_stop_ends_it(running: RunningSimulator) -> None:
    for crash in (True, False):
        with running.httpx_client() as api:
            broke = False
            try:
                with api.stream("GET", MAPS, params={"watch": "1"}) as watch:
                    lines = watch.iter_lines()
                    next(lines)
                    stopped = control(running, "server", {"state": "stopped", "crash": crash})
                    assert stopped.json()["server"] == "stopped"
                    for _ in lines:
                        pass
            except httpx.TransportError:
                broke = True
            assert broke is crash
            with pytest.raises(httpx.ConnectError):
                api.get(MAPS)
        control(running, "server", {"state": "running"})
        with running.httpx_client() as api:
            assert api.get(MAPS).status_code == 200


def test_a_new_certificate_of_the_same_authority_is_trusted_at_once(running: RunningSimulator) -> None:
    before = serial(running)
    with running.httpx_client() as api:
        api.get(MAPS)
        assert control(running, "certificate", {"drop": True}).status_code == 200
        assert serial(running) != before
        assert api.get(MAPS).status_code == 200


def test_a_new_authority_is_not_trusted_by_who_knows_the_old_one(running: RunningSimulator) -> None:
    old = running.ca
    with running.httpx_client() as api:
        assert control(running, "certificate", {"authority": "new"}).status_code == 200
        running.rotate_certificate(drop=True)
        trusts = ssl.create_default_context(cadata=old.decode())
        with (
            httpx.Client(verify=trusts, trust_env=False) as fresh,
            pytest.raises(httpx.ConnectError, match="certificate verify failed"),
        ):
            fresh.get(running.url + "/version")
    assert running.ca != old
    with running.httpx_client() as api:
        assert api.get(f"{MAPS}/kube-root-ca.crt").json()["data"] == {"ca.crt": running.ca.decode()}
    [known] = yaml.safe_load(running.kubeconfig.read_text())["clusters"]
    assert base64.b64decode(known["cluster"]["certificate-authority-data"]) == running.ca


def test_tokens_are_revoked_after_ten_seconds_or_at_once(running: RunningSimulator) -> None:
    running.load(FILES / "token.yml")
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    for at_once in (False, True):
        running.clock.advance(2)  # tokens issued in the second of a revocation are revoked too
        with running.httpx_client() as api:
            token = api.post(ACCOUNT, json=request).json()["status"]["token"]
        with running.httpx_client(token) as reader:
            assert reader.get("/api/v1/services").status_code == 200
            body = {"namespace": "default", "serviceaccount": "edge-reader", "at_once": at_once}
            assert control(running, "tokens/revoke", body).status_code == 200
            assert reader.get("/api/v1/services").status_code == (401 if at_once else 200)
            running.clock.advance(11)
            assert reader.get("/api/v1/services").status_code == 401


def test_a_rolled_back_cluster_is_as_it_was_and_gives_revisions_out_again(running: RunningSimulator) -> None:
    with running.httpx_client() as api:
        first = api.post(MAPS, json={"metadata": {"name": "a"}, "data": {"n": "1"}}).json()["metadata"]
        changed = api.put(f"{MAPS}/a", json={"metadata": {"name": "a"}, "data": {"n": "2"}}).json()["metadata"]
        api.post(MAPS, json={"metadata": {"name": "b"}})
        with api.stream("GET", MAPS, params={"watch": "1", "resourceVersion": first["resourceVersion"]}) as watch:
            lines = watch.iter_lines()
            assert json.loads(next(lines))["object"]["data"] == {"n": "2"}
            back = control(running, "rollback", {"revision": int(first["resourceVersion"])})
            assert back.json() == {"revision": int(first["resourceVersion"])}
            assert list(lines)[1:] == []  # what had been written, then the end
        listed = api.get(MAPS).json()
        mine = {item["metadata"]["name"]: item for item in listed["items"] if item["metadata"]["name"] in "ab"}
        assert list(mine) == ["a"]
        assert mine["a"]["data"] == {"n": "1"}
        assert int(listed["metadata"]["resourceVersion"]) < int(changed["resourceVersion"]) + 2
        future = api.get(MAPS, params={"resourceVersion": "99999", "resourceVersionMatch": "NotOlderThan"})
        assert future.status_code == 504
        assert control(running, "rollback", {"revision": 99999}).status_code == 409
        assert control(running, "rollback", {}).status_code == 422
        running.compact()
        assert control(running, "rollback", {"behind": 1}).status_code == 409
        assert api.get(f"{MAPS}/a").status_code == 200


def test_time_can_be_moved_ahead(running: RunningSimulator) -> None:
    before = running.clock.now()
    with running.httpx_client() as api:
        assert api.get("/version").status_code == 200
        running.clock.advance(7 * 86400)
        assert api.get("/version").status_code == 200
    assert (running.clock.now() - before).total_seconds() >= 7 * 86400
    with pytest.raises(ValueError, match="time goes forward"):
        running.clock.advance(-1)


def test_at_a_factor_a_minute_takes_a_second() -> None:
    with RunningSimulator(Settings(**FREE, pods="none", time_factor=60)) as running, running.httpx_client() as api:
        query = {"watch": "1", "timeoutSeconds": "60"}
        began = running.clock.now()
        with api.stream("GET", MAPS, params=query) as watch:
            for _ in watch.iter_lines():
                pass
        assert (running.clock.now() - began).total_seconds() >= 60


async def test_a_factor_needs_a_loop_of_that_factor() -> None:
    from simulator.simulator import Simulator

    with pytest.raises(SettingsError, match="run_scaled"):
        await Simulator(Settings(**FREE, time_factor=60)).start()


def test_a_start_that_fails_leaves_no_thread() -> None:
    import threading

    with pytest.raises(SettingsError, match="listen"):
        RunningSimulator(Settings(**{**FREE, "listen": "nowhere"})).start()
    assert [thread.name for thread in threading.enumerate() if thread.name == "kubernetes-simulator"] == []


def test_a_lightkube_client_is_the_administrator(running: RunningSimulator) -> None:
    with running.lightkube_client(field_manager="me") as api:
        made = api.apply(ConfigMap(metadata=ObjectMeta(name="a", namespace="default"), data={"x": "1"}))
        assert made.metadata.managedFields[0].manager == "me"
        assert [one.metadata.name for one in api.list(ConfigMap, namespace="default", fields={"metadata.name": "a"})]
    assert running.requests()[-1]["user"] == "admin"


@pytest.mark.filterwarnings("ignore:Kubernetes version .* is not supported:UserWarning")  # kr8s knows up to 1.35
def test_a_kr8s_api_is_the_administrator(running: RunningSimulator) -> None:
    running.load("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: '1'}}")
    api = running.kr8s_api()
    found = {one.name: one.data.get("x") for one in api.get("configmaps", namespace="default")}
    assert found["a"] == "1"
    assert api.whoami() == running.requests()[-1]["user"] == "admin"
    as_sync_func(api._session.aclose)()  # it has no way of its own to close what it opened


def test_an_official_client_is_the_administrator(running: RunningSimulator) -> None:
    with running.kubernetes_client() as api:
        assert [one.metadata.name for one in client.CoreV1Api(api).list_node().items] == ["node-1", "node-2", "node-3"]
    assert running.requests()[-1]["user"] == "admin"
