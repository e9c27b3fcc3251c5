import asyncio
import json

import pytest

from scenarios.errors import StepError
from scenarios.kubernetes import KINDS, Kubernetes, NotFound


class Script:
    """Answers `METHOD path` with what stands there; every request is kept. A watch has `events`, then `silent` or its
    end."""

    def __init__(self, answers=(), events=(), silent=False):
        self.answers, self.events, self.silent, self.asked = dict(answers), events, silent, []

    async def send(self, method, path, body, content_type):
        self.asked.append((f"{method} {path}", None if body is None else json.loads(body), content_type))
        status, answer = self.answers.get(f"{method} {path}", (200, {"items": []}))
        return status, answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    async def lines(self, path):
        self.asked.append((f"WATCH {path}", None, ""))
        for event in self.events:
            yield event if isinstance(event, bytes) else json.dumps(event).encode()
        if self.silent:
            await asyncio.Event().wait()

    async def close(self):
        self.asked.append("closed")

    @property
    def lines_asked(self):
        return [asked[0] for asked in self.asked]


def pod(name="a", **rest):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **rest}}


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Pod", "/api/v1/namespaces/default/pods/a%20b"),
        ("deployment", "/apis/apps/v1/namespaces/default/deployments/a%20b"),
        ("node", "/api/v1/nodes/a%20b"),
        ("ClusterRole", "/apis/rbac.authorization.k8s.io/v1/clusterroles/a%20b"),
    ],
)
def test_a_kind_is_known_by_its_name_in_any_case(kind, path):
    assert Kubernetes(Script()).path(kind, "a b") == path


def test_another_kind_is_refused_with_those_there_are():
    with pytest.raises(StepError, match=f"expected one of the kinds {', '.join(KINDS)}, got 'pot'"):
        Kubernetes(Script()).path("pot")


async def test_what_a_manifest_describes_is_found_by_discovery_once_where_it_is_not_known():
    resources = {"resources": [{"name": "widgets", "kind": "Widget", "namespaced": True}, {"name": "widgets/status"}]}
    script = Script({"GET /apis/example.com/v1": (200, resources)})
    kubernetes = Kubernetes(script)
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a", "namespace": "n"}}
    for _ in range(2):
        assert await kubernetes.path_of(widget) == "/apis/example.com/v1/namespaces/n/widgets/a"
    assert script.lines_asked == ["GET /apis/example.com/v1"]
    with pytest.raises(StepError, match=r"the cluster knows no Gadget in example\.com/v1"):
        await kubernetes.path_of({**widget, "kind": "Gadget"})


async def test_objects_are_applied_by_the_server_and_remembered():
    script = Script()
    kubernetes = Kubernetes(script)
    await kubernetes.apply(pod())
    path = "PATCH /api/v1/namespaces/default/pods/a?fieldManager=edge-scenario&force=true"
    assert script.asked == [(path, pod(), "application/apply-patch+yaml")]
    assert kubernetes.applied == [pod()]


async def test_a_refusal_is_kubernetes_own_sentence_without_the_query():
    path = "/api/v1/namespaces/default/pods/a"
    answers = {f"GET {path}": (404, {"message": 'pods "a" not found'}), f"GET {path}?x=1": (500, b"<html>")}
    kubernetes = Kubernetes(Script(answers))
    with pytest.raises(NotFound, match=f'GET {path} answered 404: pods "a" not found'):
        await kubernetes.get("pod", "a")
    with pytest.raises(StepError, match=f"GET {path} answered 500: <html>"):
        await kubernetes.request("GET", f"{path}?x=1")


async def test_changes_are_merge_patches_and_deletes_say_how_long():
    script = Script()
    kubernetes = Kubernetes(script)
    await kubernetes.patch("deployment", "d", {"spec": {"replicas": 3}}, part="/scale")
    await kubernetes.delete("pod", "a", grace=0)
    await kubernetes.list("pod", selector="app in (a, b)")
    patched, deleted, listed = script.asked
    assert patched[0] == "PATCH /apis/apps/v1/namespaces/default/deployments/d/scale"
    assert patched[2] == "application/merge-patch+json"
    assert (deleted[1]["gracePeriodSeconds"], deleted[1]["kind"]) == (0, "DeleteOptions")
    assert listed[0] == "GET /api/v1/namespaces/default/pods?labelSelector=app%20in%20%28a%2C%20b%29"


async def test_a_watch_begins_with_what_is_there_and_goes_on_from_its_version():
    path = "/api/v1/namespaces/default/pods"
    found = {"items": [pod()], "metadata": {"resourceVersion": "7"}}
    script = Script({f"GET {path}": (200, found)}, [{"type": "DELETED", "object": pod()}, b"", b" \n"])
    events = [event["type"] async for event in Kubernetes(script).watch(path)]
    assert events == ["ADDED", "DELETED"]
    assert script.lines_asked[1] == f"WATCH {path}?watch=true&timeoutSeconds=300&resourceVersion=7"


async def test_only_what_was_made_is_deleted_newest_first_until_it_is_gone():
    base = "/api/v1/namespaces/default/pods"
    applied = {f"PATCH {base}/{name}?fieldManager=edge-scenario&force=true": (201, {}) for name in "ac"}
    gone = {"items": [], "metadata": {"resourceVersion": "9"}}
    ends = {f"GET {base}?fieldSelector=metadata.name%3D{name}": (200, gone) for name in "ac"}
    script = Script({**applied, **ends, f"DELETE {base}/c": (404, {"message": "not found"})})
    kubernetes = Kubernetes(script)
    for name in "abc":  # b was there before: applying it answers 200
        await kubernetes.apply(pod(name))
    await kubernetes.clean_up()
    assert [asked for asked in script.lines_asked if asked.startswith("DELETE")] == [
        f"DELETE {base}/c",
        f"DELETE {base}/a",
    ]
    await kubernetes.clean_up()
    assert len(script.asked) == 7


async def test_what_cannot_be_deleted_or_stays_is_said():
    base = "/api/v1/namespaces/default/pods"
    made = {f"PATCH {base}/a?fieldManager=edge-scenario&force=true": (201, {})}
    refused = Kubernetes(Script({**made, f"DELETE {base}/a": (403, {"message": "not yours"})}))
    await refused.apply(pod())
    with pytest.raises(StepError, match="answered 403: not yours"):
        await refused.clean_up()
    there = {"items": [pod()], "metadata": {"resourceVersion": "9"}}
    answers = {**made, f"GET {base}?fieldSelector=metadata.name%3Da": (200, there)}
    stays = Kubernetes(Script(answers, silent=True))
    await stays.apply(pod())
    with pytest.raises(StepError, match=r"pods/a was still there after 0\.01 s"):
        await stays.clean_up(patience=0.01)
