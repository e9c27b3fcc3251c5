"""The official client, blocking: create to delete, list → watch → reconnect, selectors, pages, apply, identities."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from kubernetes import client, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.informer import ADDED, DELETED, MODIFIED, SharedInformer
from urllib3.exceptions import HTTPError

from tests.conformance.clients.running import Running


def a_map(name: str, value: str = "1", **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **metadata}, "data": {"value": value}}


def seen(event: Any) -> tuple[str, str]:
    return event["type"], event["object"].metadata.name


@pytest.fixture
def core(admin: client.ApiClient) -> client.CoreV1Api:
    return client.CoreV1Api(admin)


def test_an_object_lives_from_create_to_delete(core: client.CoreV1Api, namespace: str) -> None:
    made = core.create_namespaced_config_map(
        namespace, client.V1ConfigMap(**{"metadata": {"name": "a"}, "data": {"a": "1"}})
    )
    made.data["b"] = "2"
    replaced = core.replace_namespaced_config_map("a", namespace, made)
    assert replaced.data == {"a": "1", "b": "2"}
    with pytest.raises(ApiException) as conflict:
        core.replace_namespaced_config_map("a", namespace, made)
    assert (conflict.value.status, json.loads(conflict.value.body)["reason"]) == (409, "Conflict")
    patched = core.patch_namespaced_config_map("a", namespace, {"data": {"a": None}})
    assert patched.data == {"b": "2"}
    changed = [{"op": "replace", "path": "/data/b", "value": "3"}]
    patched = core.patch_namespaced_config_map("a", namespace, changed, _content_type="application/json-patch+json")
    assert core.read_namespaced_config_map("a", namespace).data == patched.data == {"b": "3"}
    assert core.delete_namespaced_config_map("a", namespace)["status"] == "Success"
    with pytest.raises(ApiException) as gone:
        core.read_namespaced_config_map("a", namespace)
    assert gone.value.status == 404


def test_server_side_apply_owns_fields_and_refuses_anothers(core: client.CoreV1Api, namespace: str) -> None:
    def apply(manager: str, value: str, **options: Any) -> client.V1ConfigMap:
        body = {"apiVersion": "v1", "kind": "ConfigMap", **a_map("applied", value)}
        kind = "application/apply-patch+yaml"
        return core.patch_namespaced_config_map(
            "applied", namespace, body, field_manager=manager, _content_type=kind, **options
        )

    assert apply("first", "1").metadata.managed_fields[0].manager == "first"
    with pytest.raises(ApiException) as conflict:
        apply("second", "2")
    assert conflict.value.status == 409
    assert 'conflict with "first": .data.value' in json.loads(conflict.value.body)["message"]
    assert apply("second", "2", force=True).data == {"value": "2"}


def test_pages_of_one_list_agree_while_others_write(core: client.CoreV1Api, namespace: str) -> None:
    for index in range(7):
        core.create_namespaced_config_map(namespace, a_map(f"page-{index}"))
    page = core.list_namespaced_config_map(namespace, limit=3)
    names, version = [item.metadata.name for item in page.items], page.metadata.resource_version
    core.create_namespaced_config_map(namespace, a_map("page-5-later"))
    while page.metadata._continue:
        page = core.list_namespaced_config_map(namespace, limit=3, _continue=page.metadata._continue)
        assert page.metadata.resource_version == version
        names += [item.metadata.name for item in page.items]
    assert [name for name in names if name.startswith("page")] == [f"page-{index}" for index in range(7)]


def test_a_watch_from_a_lists_version_sees_what_its_selector_sees(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, a_map("a", labels={"app": "x"}))
    version = core.list_namespaced_config_map(namespace).metadata.resource_version
    core.create_namespaced_config_map(namespace, a_map("b", labels={"app": "y"}))
    core.patch_namespaced_config_map("b", namespace, {"metadata": {"labels": {"app": "x"}}})
    core.patch_namespaced_config_map("a", namespace, {"metadata": {"labels": {"app": "z"}}})
    core.delete_namespaced_config_map("b", namespace)
    stream = watch.Watch().stream(
        core.list_namespaced_config_map, namespace, label_selector="app=x", resource_version=version, timeout_seconds=1
    )
    assert [seen(event) for event in stream] == [("ADDED", "b"), ("DELETED", "a"), ("DELETED", "b")]


def test_a_watch_gets_bookmarks_when_it_asks(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, a_map("a"))
    watcher = watch.Watch()
    options = {"send_initial_events": True, "resource_version_match": "NotOlderThan", "allow_watch_bookmarks": True}
    events = list(watcher.stream(core.list_namespaced_config_map, namespace, timeout_seconds=2, **options))
    bookmarks = [event["raw_object"] for event in events if event["type"] == "BOOKMARK"]
    assert bookmarks[0]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert watcher.resource_version == bookmarks[-1]["metadata"]["resourceVersion"]


class Following:
    """`watch.Watch` in a thread, reconnecting by itself; what it saw, and what ended it."""

    def __init__(self, core: client.CoreV1Api, namespace: str, version: str) -> None:
        self.events: list[tuple[str, str]] = []
        self.broken: list[HTTPError] = []
        self._stopped = threading.Event()
        self._more = threading.Condition()
        self._watch = watch.Watch()
        self._pool = ThreadPoolExecutor(1)
        self.ended = self._pool.submit(self._run, core, namespace, version)

    def _run(self, core: client.CoreV1Api, namespace: str, version: str) -> None:
        while not self._stopped.is_set():
            stream = self._watch.stream(
                core.list_namespaced_config_map, namespace, resource_version=version, allow_watch_bookmarks=True
            )
            try:
                for event in stream:
                    self._note(event)
            except HTTPError as error:  # cut, or nobody listens: go on from the last version seen
                self.broken.append(error)
                self._stopped.wait(0.05)
            version = self._watch.resource_version

    def _note(self, event: Any) -> None:
        with self._more:
            if event["type"] != "BOOKMARK":
                self.events.append(seen(event))
            self._more.notify_all()

    def wait(self, event: tuple[str, str]) -> None:
        with self._more:
            assert self._more.wait_for(lambda: event in self.events, 10), f"never saw {event}: {self.events}"

    def stop(self) -> None:
        self._stopped.set()
        self._watch.stop()
        self._pool.shutdown()


@pytest.fixture
def following(connect: Callable[[], client.ApiClient], core: client.CoreV1Api, namespace: str) -> Iterator[Following]:
    version = core.list_namespaced_config_map(namespace).metadata.resource_version
    following = Following(client.CoreV1Api(connect()), namespace, version)
    core.create_namespaced_config_map(namespace, a_map("first"))
    following.wait(("ADDED", "first"))
    yield following
    following.stop()


def test_a_watch_goes_on_after_a_clean_end_without_loss_or_repetition(
    simulator: Running, core: client.CoreV1Api, namespace: str, following: Following
) -> None:
    before = following.events.copy()
    simulator.fault("end", namespace)
    core.create_namespaced_config_map(namespace, a_map("second"))
    core.delete_namespaced_config_map("first", namespace)
    following.wait(("DELETED", "first"))
    assert following.events == [*before, ("ADDED", "second"), ("DELETED", "first")]


def test_a_watch_resumes_across_a_restart_of_the_server(
    simulator: Running, core: client.CoreV1Api, namespace: str, following: Following
) -> None:
    simulator.restart()
    core.create_namespaced_config_map(namespace, a_map("second"))
    following.wait(("ADDED", "second"))
    assert following.events[-2:] == [("ADDED", "first"), ("ADDED", "second")]


def test_a_cut_in_the_middle_of_an_object_breaks_the_stream_and_nothing_is_lost(
    simulator: Running, core: client.CoreV1Api, namespace: str, following: Following
) -> None:
    simulator.fault("cut", namespace)
    core.create_namespaced_config_map(namespace, a_map("second"))
    following.wait(("ADDED", "second"))
    assert following.broken
    assert following.events[-2:] == [("ADDED", "first"), ("ADDED", "second")]


def test_an_expired_version_is_410_as_an_event_and_as_an_answer(
    simulator: Running, core: client.CoreV1Api, namespace: str
) -> None:
    core.create_namespaced_config_map(namespace, a_map("a"))
    core.create_namespaced_config_map(namespace, a_map("b"))
    page = core.list_namespaced_config_map(namespace, limit=1)
    core.create_namespaced_config_map(namespace, a_map("c"))
    simulator.compact()
    with pytest.raises(ApiException, match="too old resource version") as event:
        next(watch.Watch().stream(core.list_namespaced_config_map, namespace, resource_version="1", timeout_seconds=5))
    assert event.value.status == 410
    with pytest.raises(ApiException) as answer:
        core.list_namespaced_config_map(namespace, limit=1, _continue=page.metadata._continue)
    assert (answer.value.status, json.loads(answer.value.body)["reason"]) == (410, "Expired")


class Informed:
    """The official informer, and its callbacks in order."""

    def __init__(self, core: client.CoreV1Api, namespace: str) -> None:
        self.calls: list[tuple[str, str]] = []
        self._more = threading.Condition()
        self.informer = SharedInformer(core.list_namespaced_config_map, namespace=namespace, label_selector="app=x")
        for type in (ADDED, MODIFIED, DELETED):
            self.informer.add_event_handler(type, lambda obj, type=type: self._note(type, obj))

    def _note(self, type: str, obj: client.V1ConfigMap) -> None:
        with self._more:
            self.calls.append((type, obj.metadata.name))
            self._more.notify_all()

    def wait(self, call: tuple[str, str]) -> None:
        with self._more:
            assert self._more.wait_for(lambda: call in self.calls, 10), f"never told {call}: {self.calls}"

    def held(self) -> dict[str, str]:
        return {obj.metadata.name: obj.data["value"] for obj in self.informer.cache.list()}


@pytest.fixture
def informed(connect: Callable[[], client.ApiClient], core: client.CoreV1Api, namespace: str) -> Iterator[Informed]:
    informed = Informed(client.CoreV1Api(connect()), namespace)
    informed.informer.start()
    yield informed
    stopping = threading.Thread(target=informed.informer.stop, daemon=True)
    stopping.start()
    while stopping.is_alive():  # its stop() misses a watch that is just being opened; an event ends that one
        metadata = {"generateName": "wake-", "labels": {"app": "x"}}
        core.create_namespaced_config_map(namespace, client.V1ConfigMap(**{"metadata": metadata}))
        stopping.join(0.2)


def test_the_informers_cache_equals_the_cluster_after_restart_cut_and_expiry(
    simulator: Running, core: client.CoreV1Api, informed: Informed, namespace: str
) -> None:
    app = {"app": "x"}
    core.create_namespaced_config_map(namespace, a_map("a", labels=app))
    informed.wait((ADDED, "a"))
    simulator.restart()
    core.create_namespaced_config_map(namespace, a_map("b", labels=app))
    informed.wait((ADDED, "b"))
    simulator.fault("cut", namespace)
    core.patch_namespaced_config_map("a", namespace, {"data": {"value": "2"}})
    informed.wait((MODIFIED, "a"))
    # Two, since the client tries once more with the version that is too old.
    simulator.fault("expired", namespace, times=2)
    simulator.fault("end", namespace)
    core.delete_namespaced_config_map("b", namespace)
    core.create_namespaced_config_map(namespace, a_map("c", labels=app))
    informed.wait((DELETED, "b"))
    informed.wait((ADDED, "c"))
    fresh = core.list_namespaced_config_map(namespace, label_selector="app=x")
    assert informed.held() == {obj.metadata.name: obj.data["value"] for obj in fresh.items} == {"a": "2", "c": "1"}


def test_a_service_accounts_token_is_refused_unknown_then_forbidden_then_allowed(
    admin: client.ApiClient, core: client.CoreV1Api, namespace: str
) -> None:
    core.create_namespaced_service_account(namespace, {"metadata": {"name": "reader"}})
    request = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=[], expirationSeconds=600))
    token = core.create_namespaced_service_account_token("reader", namespace, request).status.token
    configuration = client.Configuration(host=admin.configuration.host)
    configuration.ssl_ca_cert = admin.configuration.ssl_ca_cert
    configuration.api_key = {"BearerToken": "Bearer nonsense"}
    reader = client.CoreV1Api(client.ApiClient(configuration))

    def refusal() -> tuple[int, str]:
        with pytest.raises(ApiException) as refused:
            reader.list_namespaced_config_map(namespace)
        return refused.value.status, json.loads(refused.value.body)["message"]

    assert refusal() == (401, "Unauthorized")
    configuration.api_key = {"BearerToken": f"Bearer {token}"}
    status, message = refusal()
    assert status == 403
    assert f'User "system:serviceaccount:{namespace}:reader" cannot list resource "configmaps"' in message
    rights = client.RbacAuthorizationV1Api(admin)
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    subject = {"kind": "ServiceAccount", "name": "reader", "namespace": namespace}
    rights.create_namespaced_role_binding(
        namespace, {"metadata": {"name": "reader"}, "roleRef": role, "subjects": [subject]}
    )
    assert reader.list_namespaced_config_map(namespace).kind == "ConfigMapList"
    review = {"spec": {"token": token}}
    reviewed = client.AuthenticationV1Api(admin).create_token_review(review)
    assert reviewed.status.user.username == f"system:serviceaccount:{namespace}:reader"


def test_the_kubeconfigs_certificate_is_the_administrator(admin: client.ApiClient) -> None:
    assert admin.configuration.cert_file
    me = client.AuthenticationV1Api(admin).create_self_subject_review({})
    assert "system:masters" in me.status.user_info.groups
    assert client.VersionApi(admin).get_code().major == "1"


def test_secrets_written_as_strings_are_read_as_base64(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_secret(namespace, {"metadata": {"name": "s"}, "stringData": {"a": "hello"}})
    assert base64.b64decode(core.read_namespaced_secret("s", namespace).data["a"]) == b"hello"
