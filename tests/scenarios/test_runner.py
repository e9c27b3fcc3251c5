import asyncio
from pathlib import Path

import pytest

from edge.demo.processes import DemoError
from scenarios import marks
from scenarios.errors import StepError, TargetError
from scenarios.loading import cases
from scenarios.report import junit
from scenarios.runner import Run, all_of
from tests.scenarios.fakes import Cluster, Edge

PLAIN = "title: t\ngiven: {edge: none, ready: false, manifests: [test-hello.yaml]}\n"
HOUSE = "title: t\ngiven: {manifests: [test-hello.yaml]}\n"
OBJECT = "expect: {object: {kind: deployment, name: test-hello}, path: status.readyReplicas, value: %s}"


def case(text):
    [found] = cases(marks.parse(text, Path("some.yaml")), Path("some.yaml"))
    return found


async def play(text, cluster=None, edge=None):
    cluster = cluster or Cluster()
    edge = edge or Edge(cluster)
    try:
        return await Run(case(text), cluster, seed=1, begin=edge.begin).run()
    finally:
        await edge.close()


def states(result):
    return [(outcome.kind, outcome.state) for outcome in result.outcomes]


async def test_steps_are_played_in_order_and_told_when_they_are_complete():
    told, cluster = [], Cluster()
    steps = f"steps:\n- scale: {{deployment: test-hello, replicas: 2}}\n- {OBJECT % 2}\n"
    result = await Run(case(PLAIN + steps), cluster, 1, tell=lambda outcome: told.append(outcome.title)).run()
    assert result.state == "held"
    assert told == [outcome.title for outcome in result.outcomes]
    assert [title.partition(" ")[0] for title in told] == ["start", "scale", "expect"]
    assert cluster.closed


async def test_a_failed_expectation_ends_the_steps_and_prints_expected_observed_and_when_it_last_changed():
    later = f"- {OBJECT % 9}\n  within: 300ms\n- wait: 1h\n"
    result = await play(PLAIN + "steps:\n- scale: {deployment: test-hello, replicas: 2}\n" + later)
    assert states(result)[1:] == [("action", "held"), ("expectation", "failed"), ("action", "skipped")]
    failed, skipped = result.outcomes[2:]
    expected, observed, since = failed.explain().splitlines()
    assert expected == "expected object: {kind: deployment, name: test-hello}, path: status.readyReplicas, value: 9"
    assert observed == "observed status.readyReplicas is 2"
    assert since == f"which it was since {failed.changed:.2f} s into the run"
    assert failed.started <= failed.changed < failed.started + failed.seconds
    assert skipped.message == "not reached"
    assert (result.state, result.reason) == ("failed", f"line 5: {failed.title}")


async def test_within_waits_until_it_holds_and_no_longer():
    class Slow(Cluster):
        def scale(self, replicas):
            asyncio.get_running_loop().call_later(0.15, super().scale, replicas)

    text = f"steps:\n- scale: {{deployment: test-hello, replicas: 2}}\n- {OBJECT % 2}\n  within: 10s\n"
    result = await play(PLAIN + text, Slow())
    assert result.state == "held"
    assert 0.1 < result.outcomes[-1].seconds < 2


@pytest.mark.parametrize(
    ("modifiers", "state"),
    [
        ("for: 100ms", "held"),
        ("never: true\n  for: 100ms", "failed"),
        ("within: 100ms\n  for: 100ms", "held"),
    ],
)
async def test_for_and_never_look_for_the_whole_time(modifiers, state):
    scale = "- scale: {deployment: test-hello, replicas: 2}\n"
    result = await play(PLAIN + f"steps:\n{scale}- {OBJECT % 2}\n  {modifiers}\n")
    assert result.state == state
    assert result.outcomes[-1].seconds >= 0.1 or state == "failed"


async def test_what_must_hold_before_a_step_is_looked_at_until_that_step_begins():
    steps = f"""
    steps:
    - {OBJECT % 2}
      before: more
    - scale: {{deployment: test-hello, replicas: 2}}
    - wait: 60ms
    - scale: {{deployment: test-hello, replicas: 3}}
      name: more
    """
    text = PLAIN + "\n".join(line[4:] for line in steps.splitlines())
    assert (await play(text)).state == "held"
    late = text.replace("replicas: 2", "replicas: 1")
    result = await play(late)
    [failed] = [outcome for outcome in result.outcomes if outcome.state == "failed"]
    assert failed.observed == "status.readyReplicas is 1"
    assert result.outcomes[-1].state == "skipped", "the step that it should have held before is not reached"


@pytest.mark.parametrize(("within", "state"), [("20ms", "failed"), ("5s", "held")])
async def test_within_counts_from_the_end_of_the_step_it_comes_after(within, state):
    class Slow(Cluster):
        def scale(self, replicas):
            asyncio.get_running_loop().call_later(0.15, super().scale, replicas)

    steps = f"""
    steps:
    - scale: {{deployment: test-hello, replicas: 2}}
      name: scaled
    - wait: 100ms
    - {OBJECT % 2}
      after: scaled
      within: {within}
    """
    assert (await play(PLAIN + "\n".join(line[4:] for line in steps.splitlines()), Slow())).state == state


async def test_an_action_that_fails_is_an_error_and_finally_runs_all_the_same():
    cluster = Cluster()
    steps = "steps:\n- delete: {kind: pod, name: absent}\n- wait: 1h\n"
    last = "finally:\n- scale: {deployment: test-hello, replicas: 4}\n"
    result = await play(PLAIN + steps + last, cluster)
    assert states(result)[1:] == [("action", "error"), ("action", "skipped"), ("finally", "held")]
    assert "answered 404: not found" in result.outcomes[1].explain()
    assert result.state == "error"
    assert len(cluster.pods) == 4
    assert 'errors="1"' in junit.render([result])


async def test_an_invariant_that_breaks_ends_the_run_at_once():
    class Breaks(Edge):
        def served(self, gateway):
            return {} if len(self.cluster.pods) > 1 else super().served(gateway)

    cluster = Cluster()
    steps = "steps:\n- scale: {deployment: test-hello, replicas: 2}\n- wait: 1h\n"
    invariants = 'invariants:\n- {gateway: every, endpoints: ">= 1"}\n'
    result = await play(HOUSE + steps + invariants, cluster, Breaks(cluster))
    assert result.state == "failed"
    [broken] = [outcome for outcome in result.outcomes if outcome.kind == "invariant"]
    assert (broken.state, broken.title) == ("failed", "always gateway: every, endpoints: >= 1")
    assert "0 endpoints" in broken.observed


async def test_what_is_given_is_started_at_once_configured_and_released_and_its_parts_are_in_the_timeline():
    cluster = Cluster()
    edge = Edge(cluster)
    result = await play(HOUSE + "steps: [wait: 1ms]\n", cluster, edge)
    assert result.state == "held"
    parts = [event.text for event in result.timeline.events if event.lane == "given"]
    assert sorted(parts) == sorted(
        ["start cluster test", "start the Admin", "start gateways", "configure", "release", *parts[-1:]]
    )
    assert edge.versions == 1
    assert result.logs == {"admin": "admin was here\n", "gateway-1": "gateway-1 was here\n"}


async def test_a_process_that_does_not_start_is_an_error_and_ends_the_rest():
    class NoGateway(Edge):
        async def begin(self, command, options, folder, environment):
            if command == "gateway":
                raise DemoError("edge gateway ended with code 1 instead of starting")
            return await super().begin(command, options, folder, environment)

    cluster = Cluster()
    result = await play(HOUSE + "steps: [wait: 1h]\n", cluster, NoGateway(cluster))
    assert states(result) == [("given", "error")]
    assert result.reason == "start everything that is given"
    assert "ended with code 1" in result.outcomes[0].explain()


async def test_a_target_that_cannot_be_used_is_not_a_result():
    class Gone(Cluster):
        async def open(self, folder):
            raise TargetError("there is no cluster")

    with pytest.raises(TargetError, match="there is no cluster"):
        await play(PLAIN + "steps: [wait: 1ms]\n", Gone())


async def test_a_case_that_needs_more_than_the_target_has_is_skipped_with_the_reason():
    class Plain(Cluster):
        offers = ()

    result = await play(PLAIN + "steps:\n- wait: 1h\n- stop-api-server:\n", Plain())
    assert (result.state, result.outcomes) == ("skipped", [])
    assert result.reason.startswith("line 5: stop-api-server can only be done to the API server")


async def test_an_interrupted_run_runs_finally_and_ends_everything():
    cluster = Cluster()
    text = HOUSE + "steps: [wait: 1h]\nfinally: [scale: {deployment: test-hello, replicas: 7}]\n"
    reached, edge = asyncio.Event(), Edge(cluster)
    run = Run(case(text), cluster, 1, tell=lambda outcome: reached.set(), begin=edge.begin)
    playing = asyncio.create_task(run.run())
    await reached.wait()
    await asyncio.sleep(0)
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    await edge.close()
    assert len(cluster.pods) == 7
    assert run.result.logs


async def test_what_steps_kill_and_stop_is_in_the_way_until_they_bring_it_back():
    cluster = Cluster()
    deeds = ["kill: gateway-1", "stop-api-server:", "wait: 50ms", "start: gateway-1", "wait: 50ms", "start-api-server:"]
    steps = "steps:\n" + "".join(f"- {deed}\n" for deed in deeds)
    result = await play(HOUSE.replace("given: {", "given: {ready: false, ") + steps, cluster)
    assert result.state == "held", result.reason
    down, stopped = [event for event in result.timeline.events if event.lane == "faults"]
    assert (down.text, stopped.text) == ("gateway-1 is down", "API server of test is stopped")
    assert 0.05 <= down.seconds < stopped.seconds < 2


async def test_of_many_the_first_that_fails_ends_the_others():
    ended = []

    async def forever():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("forever")

    async def fails():
        raise StepError("no")

    with pytest.raises(StepError, match="no"):
        await all_of([forever(), fails()])
    assert ended == ["forever"]
    await all_of([])
