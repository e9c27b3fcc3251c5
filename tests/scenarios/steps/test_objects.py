import pytest

from scenarios.errors import StepError
from scenarios.steps.objects import Scale, Select
from tests.scenarios.steps.play import play, ready, settled


def test_a_service_selects_exactly_the_labels_that_are_asked_for():
    async def story(world):
        await Scale(deployment="test-hello", replicas=2).run(world)
        await settled(world, 2, lambda: ready(world))
        said = await Select(service="test-hello", selector={"tier": "green", "track": "b"}).run(world)
        assert said == "service/test-hello selects tier=green, track=b"
        assert (await world.kubernetes.get("service", "test-hello"))["spec"]["selector"] == {
            "tier": "green",
            "track": "b",
        }
        await settled(world, 0, lambda: ready(world))
        await Select(service="test-hello", selector={"app": "test-hello"}).run(world)
        await settled(world, 2, lambda: ready(world))

    play(story)


def test_a_service_that_is_not_there_is_said():
    async def story(world):
        with pytest.raises(StepError, match='"absent" not found'):
            await Select(service="absent", selector={"app": "a"}).run(world)

    play(story)
