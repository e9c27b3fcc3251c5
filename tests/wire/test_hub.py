"""What a hub sends to whom, and when."""

import asyncio

from edge import virtual_time
from edge.wire.memory import pair
from edge.wire.messages import Document, Hello, Offer, SourceUpdate, Want, Welcome, down, encode
from tests.wire.house import World, document, release, revision, source, state
from tests.wire.hubbing import kinds


def test_a_subscriber_is_sent_only_the_documents_it_lacks_one_by_one():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop"), document("blog")))
            _, _, recorder = await world.subscriber()
            assert len(kinds(recorder, Document)) == 2
            del recorder.sent[:]
            manifest, documents = release(2, document("shop", text="new"), document("blog"))
            world.hub.publish_manifest(manifest, documents)
            await world.settle()
            assert [message.hash for message in kinds(recorder, Document)] == [manifest.applications[0].hash]

    virtual_time.run(main())


def test_a_subscriber_that_comes_back_is_sent_only_what_changed_meanwhile():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop", "cart"), document("blog")))
            world.hub.publish_source(state(1, service="cart"))
            _, subscription, recorder = await world.subscriber()
            await recorder.close()
            await world.settle()
            world.hub.publish_source(state(2, "10.0.0.2", service="cart"))
            again = world.connect(subscription)
            await world.settle()
            assert [type(down.read(frame)[0]).__name__ for frame in again.sent] == [
                "Welcome",
                "SourceUpdate",
                "Current",
            ]

    virtual_time.run(main())


def test_all_subscribers_are_sent_the_same_bytes():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop", "cart")))
            _, _, one = await world.subscriber("g1")
            _, _, other = await world.subscriber("g2")
            world.hub.publish_source(state(1, "10.0.0.1", service="cart"))
            await world.settle()
            shared = [frame for frame in one.sent if any(frame is sent for sent in other.sent)]
            assert {type(down.read(frame)[0]) for frame in shared} == {Offer, Document, SourceUpdate}

    virtual_time.run(main())


def test_endpoints_are_on_the_channel_when_publish_source_returns():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop", "cart")))
            world.hub.publish_source(state(1, service="cart"))
            _, _, recorder = await world.subscriber()
            del recorder.sent[:]
            world.hub.publish_source(state(2, "10.0.0.2", service="cart"))
            assert [message.state.revision for message in kinds(recorder, SourceUpdate)] == [revision(2)]

    virtual_time.run(main())


def test_an_older_manifest_or_source_state_changes_nothing():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(5, document("shop", "cart", text="new")))
            world.hub.publish_source(state(5, "10.0.0.5", service="cart"))
            notes, _, recorder = await world.subscriber()
            del recorder.sent[:]
            world.hub.publish_manifest(*release(4, document("shop", text="old")))
            world.hub.publish_source(state(4, "10.0.0.4", service="cart"))
            world.hub.publish_manifest(*release(5, document("shop", text="not the same")))
            await world.settle()
            assert recorder.sent == []
            assert notes.revisions == [revision(5)]

    virtual_time.run(main())


def test_a_late_older_state_is_not_what_a_new_subscriber_gets():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop", "cart")))
            world.hub.publish_source(state(5, "10.0.0.5", service="cart"))
            world.hub.publish_source(state(4, "10.0.0.4", service="cart"))
            notes, _, _ = await world.subscriber()
            assert notes.serves.sources[source("cart").key].endpoints[0].address == "10.0.0.5"

    virtual_time.run(main())


def test_a_subscriber_gets_only_the_sources_that_its_partition_needs():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop", "cart"), partition="p1"))
            world.hub.publish_manifest(*release(1, document("blog", "posts"), partition="p2"))
            for service in ("cart", "posts", "other"):
                world.hub.publish_source(state(1, service=service))
            notes, _, recorder = await world.subscriber("g1", "p1")
            assert [message.state.source for message in kinds(recorder, SourceUpdate)] == [source("cart")]
            for service in ("posts", "other"):
                world.hub.publish_source(state(2, service=service))
            await world.settle()
            assert len(kinds(recorder, SourceUpdate)) == 1
            assert list(notes.serves.sources) == [source("cart").key]

    virtual_time.run(main())


def test_sources_of_the_served_manifest_still_arrive_while_the_target_waits_and_no_longer_after():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop", "cart")))
            world.hub.publish_source(state(1, service="cart"))
            notes, subscription, recorder = await world.subscriber()
            world.hub.publish_manifest(*release(2, document("shop", "pay")))
            await world.settle()
            world.hub.publish_source(state(2, "10.0.0.2", service="cart"))
            await world.settle()
            assert notes.states == [state(2, "10.0.0.2", service="cart")]
            world.hub.publish_source(state(1, service="pay"))
            await world.settle()
            del recorder.sent[:]
            world.hub.publish_source(state(3, "10.0.0.3", service="cart"))
            await world.settle()
            assert recorder.sent == []
            assert list(subscription.content.sources) == [source("pay").key]

    virtual_time.run(main())


def test_a_slow_subscriber_gets_the_newest_state_later_and_delays_nobody():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop", "cart")))
            world.hub.publish_source(state(1, service="cart"))
            fast, _, _ = await world.subscriber("fast")
            ours, theirs = pair(capacity=2)
            world.tasks.start(world.hub.serve(ours, "p1", "slow"), "serve slow")
            await theirs.send(encode(Hello(sources={source("cart").key: revision(1)}, manifest=revision(1))))
            await world.settle()
            for number in range(2, 502):
                world.hub.publish_source(state(number, service="cart"))
                await asyncio.sleep(0)
            await world.settle()
            assert fast.states[-1].revision == revision(501)
            assert len(fast.states) == 500
            assert "due=1" in repr(world.hub._subscribers["slow"]) or "due=2" in repr(world.hub._subscribers["slow"])
            frames = []
            while len(frames) < 20:
                try:
                    async with asyncio.timeout(1):
                        frames.append(down.read(await theirs.receive())[0])
                except TimeoutError:
                    break
            states = [message.state.revision.number for message in frames if isinstance(message, SourceUpdate)]
            assert len(frames) <= 6
            assert states == sorted(states)
            assert states[-1] == 501

    virtual_time.run(main())


def test_documents_wait_behind_endpoints():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, *(document(f"a{i}", "cart") for i in range(10))))
            ours, theirs = pair(capacity=1)
            world.tasks.start(world.hub.serve(ours, "p1", "g1"), "serve")
            await theirs.send(encode(Hello()))
            assert isinstance(down.read(await theirs.receive())[0], Welcome)
            offer = down.read(await theirs.receive())[0]
            hashes = tuple(entry.hash for entry in offer.manifest.applications)
            await theirs.send(encode(Want(hashes, {source("cart").key: revision(0, 0)})))
            await world.settle()
            world.hub.publish_source(state(1, service="cart"))
            received = [down.read(await theirs.receive())[0] for _ in range(11)]
            where = [isinstance(message, SourceUpdate) for message in received].index(True)
            assert where <= 2, "at most what was on its way already goes before"

    virtual_time.run(main())
