from __future__ import annotations

from typing import Any

from simulator.controllers.workloads.revisions import annotations_for, expired, find_new, new_replica_set, template_hash

Object = dict[str, Any]


def deployment(image: str = "hello:1", **spec: Any) -> Object:
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "uid": "d", "annotations": {"note": "x"}},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "a"}}, "template": template, **spec},
    }


def made(image: str, revision: int, **status: int) -> Object:
    found = new_replica_set(deployment(image), 0, 4, revision)
    found["metadata"].update(creationTimestamp=f"2026-01-01T00:00:0{revision}Z", uid=image, generation=1)
    found["status"] = {"observedGeneration": 1, **status}
    return found


def test_the_set_of_the_template_is_found_whatever_its_hash_label_says() -> None:
    one, two = made("hello:1", 1), made("hello:2", 2)
    assert find_new(deployment("hello:2"), [one, two]) is two
    assert find_new(deployment("hello:3"), [one, two]) is None


def test_the_hash_is_stable_and_differs_with_the_template() -> None:
    first = template_hash(deployment()["spec"]["template"], 0)
    assert first == template_hash(deployment()["spec"]["template"], 0)
    assert first != template_hash(deployment("hello:2")["spec"]["template"], 0)
    assert first != template_hash(deployment()["spec"]["template"], 1)
    assert set(first) <= set("bcdfghjklmnpqrstvwxz2456789")


def test_a_new_set_is_labelled_owned_and_numbered() -> None:
    found = new_replica_set(deployment(), 1, 4, 7)
    digest = found["metadata"]["labels"]["pod-template-hash"]
    assert found["metadata"]["name"] == f"web-{digest}"
    assert found["spec"]["selector"]["matchLabels"] == {"app": "a", "pod-template-hash": digest}
    assert found["spec"]["template"]["metadata"]["labels"] == {"app": "a", "pod-template-hash": digest}
    assert found["metadata"]["annotations"] == {
        "deployment.kubernetes.io/desired-replicas": "3",
        "deployment.kubernetes.io/max-replicas": "4",
        "deployment.kubernetes.io/revision": "7",
        "note": "x",
    }


def test_an_undone_revision_remembers_its_earlier_numbers() -> None:
    found = made("hello:1", 1)
    annotations = annotations_for(deployment(), found, "3")
    assert annotations["deployment.kubernetes.io/revision"] == "3"
    assert annotations["deployment.kubernetes.io/revision-history"] == "1"


def test_old_sets_beyond_the_limit_go_oldest_first_and_never_with_pods() -> None:
    sets = [made("a:1", 1), made("a:2", 2, replicas=1), made("a:3", 3), made("a:4", 4)]
    gone = expired(deployment("a:4", revisionHistoryLimit=1), sets, sets[3])
    assert [s["metadata"]["uid"] for s in gone] == ["a:1"]
