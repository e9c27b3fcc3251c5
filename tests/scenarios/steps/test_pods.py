import pytest

from scenarios.errors import StepError
from scenarios.steps.objects import Scale
from scenarios.steps.pods import KillPod, Ready, Unready
from tests.scenarios.steps.play import play, ready, settled


async def names(world):
    return sorted(pod["metadata"]["name"] for pod in await world.kubernetes.list("pod"))


def test_pods_become_unready_and_ready_again_and_keep_their_addresses():
    async def story(world):
        await Scale(deployment="test-hello", replicas=3).run(world)
        await settled(world, 3, lambda: ready(world))
        before = [pod["status"]["podIP"] for pod in await world.kubernetes.list("pod")]
        assert "not ready" in await Unready(deployment="test-hello", count=2).run(world)
        await settled(world, 1, lambda: ready(world))
        await Unready(service="test-hello").run(world)
        await settled(world, 0, lambda: ready(world))
        await Ready(selector="app=test-hello").run(world)
        await settled(world, 3, lambda: ready(world))
        assert [pod["status"]["podIP"] for pod in await world.kubernetes.list("pod")] == before

    play(story)


def test_a_pod_is_killed_with_its_own_grace_or_at_once():
    async def story(world):
        await settled(world, 1, lambda: ready(world))
        [name] = await names(world)
        await KillPod(pod=name, grace="30s").run(world)
        assert name in await names(world)
        await KillPod(pod=name, grace="0s").run(world)
        assert name not in await names(world)

    play(story)


def test_which_pods_are_chosen_is_the_seeds_and_those_that_end_are_not_among_them():
    async def story(world):
        await Scale(deployment="test-hello", replicas=4).run(world)
        await settled(world, 4, lambda: ready(world))
        said = await KillPod(deployment="test-hello", count=2, grace="30s").run(world)
        left = await Unready(deployment="test-hello", count=2).chosen(world)
        assert not any(name in said for name in left)

    play(story)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (KillPod(selector="app=other"), "expected at least 1 pods of 'app=other', found 0"),
        (KillPod(deployment="test-hello", count=5), "expected at least 5 pods of 'test-hello', found"),
        (KillPod(service="kubernetes"), "service kubernetes selects no pods by labels"),
        (Unready(pod="absent"), '"absent" not found'),
        (Unready(deployment="absent"), '"absent" not found'),
    ],
)
def test_pods_that_are_not_there_are_said(step, message):
    async def story(world):
        with pytest.raises(StepError, match=message):
            await step.run(world)

    play(story)
