import pytest

from scenarios.errors import StepError
from scenarios.steps.nodes import Cordon, Drain, Uncordon
from scenarios.steps.objects import Apply, Scale
from tests.scenarios.steps.play import play, ready, settled

AGENT = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "agent"},
    "spec": {
        "selector": {"matchLabels": {"app": "agent"}},
        "template": {
            "metadata": {"labels": {"app": "agent"}},
            "spec": {"containers": [{"name": "agent", "image": "agent:1"}]},
        },
    },
}


async def nodes_of(world, label):
    return sorted(pod["spec"].get("nodeName", "") for pod in await world.kubernetes.list("pod", "default", label))


def test_a_drained_node_has_no_pods_but_those_of_daemon_sets_until_it_is_uncordoned():
    async def story(world):
        await Apply(manifests=[AGENT]).run(world)
        await Scale(deployment="test-hello", replicas=6).run(world)
        await settled(world, 6, lambda: ready(world))
        await settled(world, ["node-1", "node-2", "node-3"], lambda: nodes_of(world, "app=agent"))
        said = await Drain(deployment="test-hello", grace="1s").run(world)
        [node] = world.cordoned
        assert said == f"node/{node} drained of 2 pods"
        assert node not in await nodes_of(world, "app=test-hello")
        assert node in await nodes_of(world, "app=agent")
        await settled(world, 6, lambda: ready(world))
        assert await Uncordon().run(world) == f"node/{node} takes pods again"
        assert not (await world.kubernetes.get("node", node))["spec"].get("unschedulable")

    play(story)


def test_a_cordoned_node_keeps_its_pods_and_takes_no_more():
    async def story(world):
        await settled(world, 1, lambda: ready(world))
        await Cordon(deployment="test-hello").run(world)
        [node] = world.cordoned
        assert await nodes_of(world, "app=test-hello") == [node]
        await Scale(deployment="test-hello", replicas=5).run(world)
        await settled(world, 5, lambda: ready(world))
        assert (await nodes_of(world, "app=test-hello")).count(node) == 1

    play(story)


def test_a_budget_that_allows_no_eviction_fails_the_drain_in_time():
    async def story(world):
        budget = {"minAvailable": 1, "selector": {"matchLabels": {"app": "test-hello"}}}
        document = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "all"}}
        await Apply(manifests=[{**document, "spec": budget}]).run(world)
        await settled(world, 1, lambda: ready(world))
        with pytest.raises(StepError, match="429"):
            await Drain(deployment="test-hello", within="5s").run(world)
        assert world.timeline.now() >= 5

    play(story)


@pytest.mark.parametrize(
    ("step", "message"),
    [(Drain(), "expected `node`"), (Cordon(node="absent"), '"absent" not found')],
)
def test_a_node_that_is_not_there_is_said(step, message):
    async def story(world):
        with pytest.raises(StepError, match=message):
            await step.run(world)

    play(story)
