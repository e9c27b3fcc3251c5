import pytest

from scenarios.errors import StepError
from scenarios.steps.slices import Conditions, Range, WriteSlice
from tests.scenarios.steps.play import play, ready, settled


async def slice_of(world, name):
    return await world.kubernetes.get("endpointslice", name)


def test_a_slice_is_written_emptied_and_deleted():
    async def story(world):
        step = WriteSlice(name="a", service="by-hand", range=Range(first="10.250.0.255", count=2))
        assert await step.run(world) == "endpointslice/a of service by-hand has 2 addresses"
        found = await slice_of(world, "a")
        assert [e["addresses"] for e in found["endpoints"]] == [["10.250.0.255"], ["10.250.1.0"]]
        assert found["metadata"]["labels"]["kubernetes.io/service-name"] == "by-hand"
        assert await ready(world, "by-hand") == 2
        await WriteSlice(name="a", service="by-hand").run(world)
        assert not (await slice_of(world, "a")).get("endpoints")
        await WriteSlice(name="a", service="by-hand", delete=True).run(world)
        with pytest.raises(StepError, match="not found"):
            await slice_of(world, "a")

    play(story)


def test_conditions_are_written_as_given_and_what_is_left_out_is_not_there():
    async def story(world):
        conditions = Conditions(ready=False, serving=None)
        await WriteSlice(name="a", service="s", addresses=["10.0.0.1"], conditions=conditions).run(world)
        assert (await slice_of(world, "a"))["endpoints"][0]["conditions"] == {"ready": False}
        await WriteSlice(name="a", service="s", addresses=["10.0.0.1"]).run(world)
        assert not (await slice_of(world, "a"))["endpoints"][0].get("conditions")

    play(story)


def test_a_slice_takes_the_addresses_of_a_deployments_pods():
    async def story(world):
        await settled(world, 1, lambda: ready(world))
        await WriteSlice(name="a", service="s", deployment="test-hello", ports=[{"name": None, "port": None}]).run(
            world
        )
        [pod] = await world.kubernetes.list("pod")
        assert (await slice_of(world, "a"))["endpoints"][0]["addresses"] == [pod["status"]["podIP"]]

    play(story)


def test_what_is_no_address_is_said():
    async def story(world):
        with pytest.raises(StepError, match=r"range\.first"):
            await WriteSlice(name="a", service="s", range=Range(first="here", count=1)).run(world)

    play(story)
