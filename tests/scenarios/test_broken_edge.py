"""An Edge with one injected bug for every expectation and invariant that scenarios hold it to: each is caught by the
one that is about it, and by no other. The same bugs inside of the real Edge's parts are explore's tests."""

import asyncio
from pathlib import Path

import pytest

from scenarios import marks
from scenarios.loading import cases
from scenarios.pytest_plugin import explain
from scenarios.runner import Run
from tests.scenarios.fakes import Cluster, Edge

FILE = """
title: everything that an Edge is held to
given: {manifests: [test-hello.yaml], edge: {gateways: 2}}
traffic: {steady: {rate: 40/s, timeout: 10s}}
steps:
- scale: {deployment: test-hello, replicas: 3}
- {name: gateway has what Kubernetes has, expect: {gateway: every, as_kubernetes: true}, within: 500ms, for: 60ms}
- {name: every gateway has them, expect: {gateway: every, endpoints: 3}, within: 500ms}
- {name: Admin shows them, expect: {upstream: my kubernetes backend, endpoints: {ready: 3, as_kubernetes: true}}}
- {name: every pod answers, expect: {traffic: {steady: {pods: 3, share: ">= 20%", window: 300ms}}}, within: 1500ms}
- {name: one request, expect: {request: {path: /}, status: 200, body: hello from pod-}}
- release: {wait: false}
- {name: the release is everywhere, expect: {release: latest, complete: true, applied: 2}, within: 500ms}
- {name: the newest is served, expect: {gateway: every, version: 2, origin: admin}, within: 500ms}
- scale: {deployment: test-hello, replicas: 2}
- {name: never the ended pod, expect: {gateway: gateway-1, endpoints: ">= 3"}, never: true, for: 60ms}
- stop-api-server
- {name: the Admin knows, expect: {kubernetes_cluster: test, state: unreachable}, within: 500ms}
- {name: stale keeps them, expect: {upstream: my kubernetes backend, endpoints: {ready: 2, stale: true}}, for: 60ms}
- {name: gateways keep them, expect: {gateway: every, endpoints: 2}, for: 60ms}
- wait: 400ms  # long enough that a gateway which still asks the ended pod surely does
- start-api-server
- {name: stale no more, expect: {upstream: my kubernetes backend, endpoints: {ready: 2, stale: false}}, within: 500ms}
invariants:
- {name: no errors, traffic: {steady: {errors: 0}}}
- {name: no ended pod asked, traffic: {steady: {to_ended_pods: "< 150ms"}}}
- {name: no version back, gateway: every, version: ">= 1"}
""".replace("- stop-api-server\n", "- stop-api-server:\n").replace("- start-api-server\n", "- start-api-server:\n")


async def play(edge, text=FILE):
    [case] = cases(marks.parse(text, Path("some.yaml")), Path("some.yaml"))
    try:
        return await Run(case, edge.cluster, seed=1, begin=edge.begin).run()
    finally:
        await edge.close()


async def test_an_edge_that_does_everything_right_holds_all():
    result = await play(Edge(Cluster()))
    assert result.state == "held", explain(result)
    assert all(outcome.state == "held" for outcome in result.outcomes)


class Fails(Edge):
    async def answer(self, gateway):
        return (502, "") if self._turn % 7 == 6 and self.choose([1]) else await super().answer(gateway)


class HangsUp(Edge):
    async def answer(self, gateway):
        return None if self.versions > 1 else await super().answer(gateway)


class Stalls(Edge):
    async def answer(self, gateway):
        if not self._once:  # once, at the first request
            self._once.append("stalled")
            await asyncio.sleep(0.6)
        return await super().answer(gateway)


class AsksEndedPods(Edge):
    def choose(self, pods):
        return super().choose([*pods, "pod-1"])


class KeepsAnEndedPod(Edge):
    def served(self, gateway):
        return {**super().served(gateway), **({"pod-1": "10.0.0.1"} if len(self.cluster.pods) == 2 else {})}

    def choose(self, pods):
        return super().choose(self.known())


class MissesAPod(Edge):
    def served(self, gateway):
        return dict(list(super().served(gateway).items())[:2])


class ServesWhatIsNotThere(Edge):
    def served(self, gateway):
        found = super().served(gateway)
        return found if len(found) != 3 else {**dict(list(found.items())[:2]), "pod-9": "10.9.9.9"}


class OneGatewayStays(Edge):
    def served(self, gateway):
        return {"pod-1": "10.0.0.1"} if gateway == "gateway-2" else super().served(gateway)


class ShowsTooFew(Edge):
    def shown(self):
        pods, stale = super().shown()
        return dict(list(pods.items())[:2]), stale


class Favours(Edge):
    def choose(self, pods):
        return list(pods)[-1]


class SaysSyncedTooSoon(Edge):
    def version(self, gateway):
        return min(self.versions, 1)


class NeverSyncs(Edge):
    def applied(self, version):
        return super().applied(version)[: 1 if version > 1 else 2]


class ServesFromDisk(Edge):
    def origin(self, gateway):
        return "disk"


class ForgetsItsRelease(Edge):
    def version(self, gateway):
        return 0 if self.cluster.away else self.versions


class DoesNotNotice(Edge):
    def state(self):
        return "connected"


class EmptiesOnAnError(Edge):
    def shown(self):
        return ({}, True) if self.cluster.away else super().shown()


class GatewayEmptiesOnAnError(Edge):
    def served(self, gateway):
        return {} if self.cluster.away and gateway == "gateway-2" else super().served(gateway)

    async def answer(self, gateway):
        return 200, self.choose(self.known())


class NeverSaysStale(Edge):
    def shown(self):
        return super().shown()[0], False


class StaysStale(Edge):
    def shown(self):
        self._once += ["away"] if self.cluster.away else []
        return super().shown()[0], bool(self._once)


class AnswersForSomebodyElse(Edge):
    def choose(self, pods):
        return f"an-{super().choose(pods)}"


@pytest.mark.parametrize(
    ("bug", "caught"),
    [
        (Fails, "no errors"),
        (HangsUp, "no errors"),
        (AsksEndedPods, "no ended pod asked"),
        (KeepsAnEndedPod, "never the ended pod"),
        (MissesAPod, "gateway has what Kubernetes has"),
        (ServesWhatIsNotThere, "gateway has what Kubernetes has"),
        (OneGatewayStays, "gateway has what Kubernetes has"),
        (ShowsTooFew, "Admin shows them"),
        (Favours, "every pod answers"),
        (AnswersForSomebodyElse, "one request"),
        (NeverSyncs, "the release is everywhere"),
        (SaysSyncedTooSoon, "the newest is served"),
        (ServesFromDisk, "the newest is served"),
        (ForgetsItsRelease, "no version back"),
        (DoesNotNotice, "the Admin knows"),
        (EmptiesOnAnError, "stale keeps them"),
        (NeverSaysStale, "stale keeps them"),
        (GatewayEmptiesOnAnError, "gateways keep them"),
        (StaysStale, "stale no more"),
    ],
)
async def test_a_bug_is_caught_by_what_is_about_it(bug, caught):
    result = await play(bug(Cluster()))
    assert result.state == "failed", explain(result)
    assert [outcome.title for outcome in result.outcomes if outcome.state == "failed"] == [caught], explain(result)
    [broken] = [outcome for outcome in result.outcomes if outcome.state == "failed"]
    assert broken.expected
    assert broken.observed
    assert broken.changed is not None


LATENCY = """
title: latency
given: {manifests: [test-hello.yaml]}
traffic: {steady: {rate: 20/s, timeout: 2s}}
steps: [wait: 900ms]
invariants: [{name: nothing late, traffic: {steady: {latency: {p100: "< 500ms"}}}}]
"""


@pytest.mark.parametrize(("edge", "state"), [(Edge, "held"), (Stalls, "failed")])
async def test_one_slow_answer_is_caught_by_the_latency_of_all(edge, state):
    assert (await play(edge(Cluster()), LATENCY)).state == state
