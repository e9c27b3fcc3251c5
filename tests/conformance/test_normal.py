"""What may vary between two runs compares equal; what may not does not."""

from __future__ import annotations

import pytest

from tests.conformance import normal, watches
from tests.conformance.compare import differences, without_retries
from tests.conformance.stage import Told


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("test-hello-5bb7fbbc77-gndhn   1/1   Running   0   3s", "test-hello-6c9d8f7b54-x2k4p  1/1  Running  0  2m11s"),
        ("10.244.73.1:8080", "127.61.0.3:8080"),
        ("uid: dc444e7e-3c84-4599-9674-9032309bf10a", "uid: 00000000-3c84-4599-9674-9032309bf10a"),
        ('resourceVersion: "298"', 'resourceVersion: "7"'),
        ("X-Audit: a\nDate: Sun, 22 Nov 2026 19:40:05 GMT", "X-Audit: a"),
    ],
)
def test_what_varies_from_run_to_run_is_made_equal(one: str, other: str) -> None:
    assert normal.text(one) == normal.text(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("web   1/1   Running   0   3s", "web   0/1   Running   0   3s"),
        ("service/kubernetes 10.96.0.1", "service/kubernetes 10.96.0.2"),
        ('Error from server (NotFound): pods "nope" not found', 'Error from server (NotFound): pods "no" not found'),
    ],
)
def test_what_means_something_stays_different(one: str, other: str) -> None:
    assert normal.text(one) != normal.text(other)


def test_a_shape_is_made_of_keys_and_types_and_a_list_of_all_its_elements() -> None:
    assert normal.shape({"items": [{"a": 1}, {"a": 2, "b": None}], "c": {}}) == {
        "c": {},
        "items": [{"a": "n", "b": "null"}],
    }


def test_a_watch_is_the_lives_of_its_objects_from_their_first_sight() -> None:
    def line(type: str, name: str, phase: str) -> dict[str, object]:
        return {"type": type, "object": {"kind": "Namespace", "metadata": {"name": name}, "status": {"phase": phase}}}

    lines = [line("MODIFIED", "old", "Active"), line("ADDED", "a", "Active"), line("ADDED", "b", "Active")]
    lines += [line("MODIFIED", "b", "Terminating"), line("DELETED", "b", "Terminating")]
    assert watches.lives(lines) == [["ADDED Active"], ["ADDED Active", "MODIFIED Terminating", "DELETED Terminating"]]


def test_a_difference_says_where_it_is() -> None:
    recorded = {
        "exit": 0, "out": ["a"], "err": [],
        "exchanges": [{"asked": "GET /x", "answered": "200 application/json", "shape": 0}],
    }  # fmt: skip
    asked = {"asked": "GET /x", "answered": "200 application/json", "shape": {"kind": "n"}}
    told = Told(1, ["b"], [], [asked])
    assert differences(recorded, told, [{"kind": "s", "items": []}]) == [
        "exit: -0 +1", "out: -a", "out: +b", "GET /x: -.items", "GET /x: .kind: -s +n",
    ]  # fmt: skip
    other = Told(0, ["a"], [], [{**asked, "answered": "404 text/plain"}])
    assert differences(recorded, other, []) == [
        "asked: -GET /x → 200 application/json", "asked: +GET /x → 404 text/plain",
    ]  # fmt: skip


def test_a_change_that_was_made_again_after_a_conflict_counts_once() -> None:
    def asked(method: str, status: int) -> dict[str, str]:
        return {"asked": f"{method} /x", "answered": f"{status} application/json"}

    late = [asked("PATCH", 409), asked("GET", 200), asked("PATCH", 409), asked("GET", 200), asked("PATCH", 200)]
    assert without_retries(late) == [asked("PATCH", 200)]
    given_up = [asked("PUT", 409), asked("GET", 200)]
    assert without_retries(given_up) == given_up
