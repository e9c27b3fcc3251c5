"""How a hub gets on with its subscribers: broken, newer, leaving, coming back."""

import asyncio

import pytest

from edge import virtual_time
from edge.wire.hub import Hub, Unanswered
from edge.wire.memory import pair
from edge.wire.messages import Hello, Report, Want, Welcome, down, encode
from edge.wire.subscription import Subscription
from tests.wire.house import Notes, World, document, release, revision, source, state


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ([b"GET / HTTP/1.1"], "expected a JSON object with a type"),
        ([encode(Want())], "expected a hello first, got a message of type want"),
        ([b'{"type":"telemetry"}'], "expected a hello first, got a message of type unknown"),
        ([encode(Hello(protocol=0))], "expected protocol 1 to 1, got 0: upgrade this gateway first"),
        ([encode(Hello()), encode(Hello())], "expected one hello, got a second"),
        ([encode(Hello()), b'{"type":"report","target":"x"}'], "a report message cannot be read"),
        ([encode(Hello()), b"\x00" * 10], "expected a JSON object with a type"),
        ([], "expected a hello within 10 s, nothing came"),
    ],
)
def test_a_subscriber_that_breaks_the_protocol_is_closed_with_the_reason_and_harms_nobody(frames, reason):
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop")))
            notes, _, _ = await world.subscriber("good")
            ours, theirs = pair()
            serving = world.tasks.start(world.hub.serve(ours, "p1", "bad"), "serve bad")
            for frame in frames:
                await theirs.send(frame)
            assert reason in await serving
            assert world.hub.connected == ("good",)
            world.hub.publish_manifest(*release(2, document("shop", text="new")))
            await world.settle()
            assert notes.revisions == [revision(1), revision(2)]

    virtual_time.run(main())


def test_a_newer_subscriber_is_welcomed_in_the_protocol_spoken_here():
    async def main():
        async with World() as world:
            ours, theirs = pair()
            world.tasks.start(world.hub.serve(ours, "p1", "new"), "serve")
            await theirs.send(b'{"type":"hello","protocol":2,"compression":["zstd"]}')
            assert down.read(await theirs.receive())[0] == Welcome(1)

    virtual_time.run(main())


def test_reports_of_connected_subscribers_are_kept_and_forgotten_when_they_go():
    async def main():
        gone, reported = [], []
        hub = Hub(on_report=lambda name, report: reported.append((name, report.manifest)), on_gone=gone.append)
        async with World(hub) as world:
            hub.publish_manifest(*release(1, document("shop")))
            _, _, recorder = await world.subscriber()
            assert reported[-1] == ("g1", revision(1))
            assert list(hub.reports) == ["g1"]
            await recorder.close()
            await world.settle()
            assert gone == ["g1"]
            assert (hub.reports, hub.connected) == ({}, ())

    virtual_time.run(main())


def test_only_what_is_served_is_acknowledged():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop", "cart")))
            world.hub.publish_source(state(1, service="cart"))
            ours, theirs = pair()
            world.tasks.start(world.hub.serve(ours, "p1", "mute"), "serve")
            await theirs.send(encode(Hello()))
            await theirs.send(encode(Want(tuple(release(1, document("shop", "cart"))[1]))))
            await world.settle()
            assert world.hub.reports == {}, "sending is not serving"

    virtual_time.run(main())


def test_a_subscriber_that_leaves_says_its_last_and_is_still_served():
    async def main():
        left = []
        async with World() as world:
            world.hub.on_leaving = lambda name, last: left.append((name, last))
            notes = Notes()
            subscription = Subscription(notes)
            world.connect(subscription, "one")
            await world.settle()
            subscription.leave(b'{"requests": 7}')
            world.hub.publish_manifest(*release(1, document("shop")))
            await world.settle()
            assert left == [("one", b'{"requests": 7}')]
            assert notes.revisions == [revision(1)]

    virtual_time.run(main())


def test_failing_callbacks_harm_nobody():
    async def main():
        def fails(*_):
            raise ValueError("not mine")

        async with World(Hub(on_report=fails, on_gone=fails)) as world:
            world.hub.publish_manifest(*release(1, document("shop")))
            notes, _, recorder = await world.subscriber()
            assert notes.revisions == [revision(1)]
            await recorder.close()
            await world.settle()
            assert world.hub.connected == ()

    virtual_time.run(main())


def test_a_name_that_connects_again_replaces_the_former_connection_without_going():
    async def main():
        gone = []
        async with World(Hub(on_gone=gone.append)) as world:
            world.hub.publish_manifest(*release(1, document("shop")))
            _, _, former = await world.subscriber()
            notes, _, _ = await world.subscriber()
            assert former.closed == "g1 connected again"
            assert (gone, world.hub.connected) == ([], ("g1",))
            assert notes.revisions == [revision(1)]

    virtual_time.run(main())


def test_what_a_former_connection_still_says_is_not_reported_as_the_new_ones_word():
    async def main():
        async with World() as world:
            ours, theirs = pair()
            world.tasks.start(world.hub.serve(ours, "p1", "g1"), "serve former")
            await theirs.send(encode(Hello()))
            await world.settle()
            await theirs.send(encode(Report(manifest=revision(7))))
            again, anew = pair()
            await anew.send(encode(Hello()))
            await anew.send(encode(Report(manifest=revision(8))))
            serving = world.tasks.start(world.hub.serve(again, "p1", "g1"), "serve new")
            await asyncio.sleep(0)
            await theirs.send(encode(Report(manifest=revision(7))))
            await world.settle()
            assert world.hub.reports["g1"].manifest == revision(8)
            assert not serving.done()

    virtual_time.run(main())


def test_a_subscriber_can_be_disconnected_with_a_reason():
    async def main():
        async with World() as world:
            ours, theirs = pair()
            world.tasks.start(world.hub.serve(ours, "p1", "g1"), "serve")
            running = world.tasks.start(Subscription(Notes()).run(theirs), "run")
            await world.settle()
            assert await world.hub.disconnect("g1", "revoked")
            assert await running == "revoked"
            assert not await world.hub.disconnect("g1", "revoked")

    virtual_time.run(main())


def test_questions_end_when_nobody_answers_or_the_subscriber_goes():
    async def main():
        async with World() as world:
            ours, theirs = pair()
            world.tasks.start(world.hub.serve(ours, "p1", "mute"), "serve")
            await theirs.send(encode(Hello()))
            await world.settle()
            with pytest.raises(Unanswered, match=r"mute did not answer within 2\.0 s"):
                await world.hub.ask("mute", "metrics")
            asking = world.tasks.start(world.hub.ask_all("metrics"), "ask")
            await asyncio.sleep(0.1)
            await theirs.close()
            assert await asking == {}

    virtual_time.run(main())


def test_a_manifest_whose_document_is_missing_or_too_large_is_a_mistake_that_changes_nothing():
    hub = Hub()
    manifest, documents = release(1, document("shop"))
    with pytest.raises(ValueError, match="which was not given with it"):
        hub.publish_manifest(manifest, {})
    big, documents = release(1, document("shop", text="x" * (16 * 1024 * 1024)))
    with pytest.raises(ValueError, match="at most 16777216 fit into a frame"):
        hub.publish_manifest(big, documents)
    assert repr(hub) == "<Hub partitions=0 documents=0 sources=0 subscribers=[]>"


def test_a_subscriber_that_was_moved_to_another_partition_takes_its_manifest_whatever_the_revision():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(9, document("shop"), partition="p1"))
            world.hub.publish_manifest(*release(2, document("blog"), partition="p2"))
            notes, subscription, recorder = await world.subscriber(partition="p1")
            await recorder.close("moved to another partition")
            await world.settle()
            world.connect(subscription, partition="p2")
            await world.settle()
            assert [entry.application for entry in notes.serves.manifest.applications] == ["blog"]
            assert world.hub.reports["g1"].manifest == revision(2)

    virtual_time.run(main())


def test_documents_and_sources_that_nothing_names_are_forgotten():
    hub = Hub()
    hub.publish_manifest(*release(1, document("shop"), document("blog")))
    hub.publish_manifest(*release(2, document("shop")))
    hub.publish_source(state(1, service="cart"))
    assert repr(hub) == "<Hub partitions=1 documents=1 sources=1 subscribers=[]>"
    hub.forget_source(source("cart"))
    hub.forget_partition("p1")
    assert repr(hub) == "<Hub partitions=0 documents=0 sources=0 subscribers=[]>"


def test_an_admin_of_a_new_generation_reaches_subscribers_also_with_older_content():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(9, document("shop", text="newest")))
            notes, subscription, recorder = await world.subscriber()
            await recorder.close("killed")
            await world.settle()

            restored = Hub()
            restored.publish_manifest(*release(1, document("shop", text="from the backup"), generation=2))
            world.connect(subscription, hub=restored)
            await world.settle()
            assert notes.revisions == [revision(9), revision(1, 2)]
            assert restored.reports["g1"].manifest == revision(1, 2)

    virtual_time.run(main())
