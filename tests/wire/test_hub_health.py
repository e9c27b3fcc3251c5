"""What an agent's checks found, on its way to the workers."""

from edge import virtual_time
from edge.wire.messages import Health, Offer, SourceUpdate, Welcome, down, encode
from edge.wire.subscription import Subscription
from tests.wire.house import Notes, World, document, release, state
from tests.wire.hubbing import kinds

SICK = Health("shop", "u1", (("10.0.0.1", 80), ("fd00::1", 80)))


def told(found):
    return Subscription(Notes(), health=found.append)


def test_what_is_published_goes_to_all_that_are_connected_and_the_end_of_it_too():
    async def main():
        async with World() as world:
            found = [], []
            for name, list_ in zip("12", found, strict=True):
                world.connect(told(list_), name)
            await world.settle()
            world.hub.publish_health(SICK)
            await world.settle()
            world.hub.publish_health(Health("shop", "u1"))
            await world.settle()
            assert found[0] == found[1] == [SICK, Health("shop", "u1")]

    virtual_time.run(main())


def test_one_that_connects_later_knows_it_before_it_is_offered_anything():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop", "cart")))
            world.hub.publish_source(state(1, "10.0.0.1", service="cart"))
            world.hub.publish_health(SICK)
            world.hub.publish_health(Health("shop", "well"))
            found = []
            recorder = world.connect(told(found))
            await world.settle()
            assert found == [SICK]
            sent = [type(down.read(frame)[0]) for frame in recorder.sent]
            assert sent[:3] == [Welcome, Health, Offer]
            assert SourceUpdate in sent

    virtual_time.run(main())


def test_one_that_was_well_and_is_well_is_not_spoken_of():
    async def main():
        async with World() as world:
            recorder = world.connect(told([]))
            await world.settle()
            world.hub.publish_health(Health("shop", "u1"))
            await world.settle()
            assert kinds(recorder, Health) == []

    virtual_time.run(main())


def test_a_subscriber_that_knows_nothing_of_health_goes_on():
    async def main():
        async with World() as world:
            world.hub.publish_health(SICK)
            notes, *_ = await world.subscriber()
            world.hub.publish_manifest(*release(1, document("shop")))
            await world.settle()
            assert len(notes.contents) == 1

    virtual_time.run(main())


def test_the_message_survives_and_a_peer_of_before_passes_it_by():
    assert down.read(encode(SICK)) == (SICK, b"")
    assert down.read(encode(SICK).replace(b'"health"', b'"of the next version"')) == (None, b"")
