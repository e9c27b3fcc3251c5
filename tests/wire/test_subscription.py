import asyncio

import msgspec
import pytest

from edge import virtual_time
from edge.wire.content import Content
from edge.wire.hub import Hub, Unanswered
from edge.wire.memory import pair
from edge.wire.messages import Document, Finding, Findings, Offer, Series, Traffic, Welcome, down, encode, up
from edge.wire.subscription import Subscription
from tests.wire.house import Notes, World, document, release, revision, source, state


def test_a_manifest_is_applied_only_when_all_it_names_is_here_and_the_old_one_serves_meanwhile():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop")))
            notes, _, _ = await world.subscriber()
            world.hub.publish_manifest(*release(2, document("shop", "cart", "pay")))
            world.hub.publish_source(state(1, "10.0.0.1", service="cart"))
            await world.settle()
            assert notes.revisions == [revision(1)]
            report = world.hub.reports["g1"]
            assert (report.target, report.manifest) == (revision(2), revision(1))
            assert report.missing == (source("pay").key,)
            assert [entry.version for entry in report.applications] == [1]

            world.hub.publish_source(state(1, service="pay"))
            await world.settle()
            assert notes.revisions == [revision(1), revision(2)]
            assert set(notes.serves.sources) == {source("cart").key, source("pay").key}
            report = world.hub.reports["g1"]
            assert (report.manifest, report.missing) == (revision(2), ())
            assert report.sources == {source("cart").key: revision(1), source("pay").key: revision(1)}

    virtual_time.run(main())


def test_an_application_that_waits_for_its_endpoints_holds_up_no_other_and_is_applied_when_they_come():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop"), document("blog")))
            notes, _, _ = await world.subscriber()
            world.hub.publish_manifest(*release(2, document("shop", "far"), document("blog", text="new")))
            await world.settle()
            report = world.hub.reports["g1"]
            assert {e.application: e.version for e in report.applications} == {"shop": 1, "blog": 2}
            assert (report.missing, report.refused) == ((source("far").key,), {})
            world.hub.publish_source(state(1, "10.0.0.1", service="far"))
            await world.settle()
            assert notes.serves.sources == {source("far").key: state(1, "10.0.0.1", service="far")}
            report = world.hub.reports["g1"]
            assert {e.application: e.version for e in report.applications} == {"shop": 2, "blog": 2}
            assert report.missing == ()

    virtual_time.run(main())


def test_a_refused_application_keeps_its_older_version_and_the_others_go_on():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop"), document("blog")))
            await world.subscriber()
            world.hub.publish_manifest(*release(2, document("shop", text="refuse"), document("blog", text="new")))
            await world.settle()
            report = world.hub.reports["g1"]
            assert report.manifest == revision(2)
            assert report.refused == {"shop": "it says refuse"}
            assert {e.application: e.version for e in report.applications} == {"shop": 1, "blog": 2}

    virtual_time.run(main())


def test_endpoints_of_a_refused_applications_older_version_still_arrive():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop", "cart")))
            world.hub.publish_source(state(1, service="cart"))
            notes, _, _ = await world.subscriber()
            world.hub.publish_manifest(*release(2, document("shop", text="refuse")))
            await world.settle()
            world.hub.publish_source(state(2, "10.0.0.2", service="cart"))
            await world.settle()
            assert notes.states == [state(2, "10.0.0.2", service="cart")]

    virtual_time.run(main())


def test_a_new_subscriber_serves_the_fallback_of_an_application_that_it_refuses():
    async def main():
        async with World() as world:
            old, documents = release(1, document("shop", text="old"))
            new, more = release(2, document("shop", text="refuse"), document("blog"))
            world.hub.publish_manifest(new, documents | more, fallback=old.applications)
            notes, _, _ = await world.subscriber()
            served = [[entry.version for entry in content.manifest.applications] for content in notes.contents]
            assert served == [[1, 2], [2, 2]], "the older version first, so that there is one to keep"
            assert [entry.version for entry in world.hub.reports["g1"].applications] == [1, 2]

    virtual_time.run(main())


def test_endpoints_are_acknowledged_when_they_are_served():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop", "cart", "pay")))
            for service in ("cart", "pay"):
                world.hub.publish_source(state(1, service=service))
            await world.subscriber()
            world.hub.publish_source(state(2, "10.0.0.2", service="cart"))
            await world.settle()
            assert world.hub.reports["g1"].sources == {source("cart").key: revision(2), source("pay").key: revision(1)}

    virtual_time.run(main())


def test_a_receiver_that_fails_refuses_everything_with_a_reason_and_the_channel_stays():
    async def main():
        async with World() as world:
            notes, _, recorder = await world.subscriber()

            def fails(body):
                raise KeyError("ouch")

            notes.refuses = fails
            world.hub.publish_manifest(*release(1, document("shop")))
            await world.settle()
            assert world.hub.reports["g1"].refused == {"shop": "an internal error (KeyError)"}
            assert recorder.closed is None

    virtual_time.run(main())


def test_endpoints_of_a_target_that_is_still_gathered_are_applied_with_it_and_not_before():
    async def main():
        async with World() as world:
            world.hub.publish_manifest(*release(1, document("shop", "cart", "pay")))
            notes, _, _ = await world.subscriber()
            world.hub.publish_source(state(1, "10.0.0.1", service="cart"))
            world.hub.publish_source(state(2, "10.0.0.2", service="cart"))
            await world.settle()
            assert (notes.contents, notes.states) == ([], [])
            world.hub.publish_source(state(1, service="pay"))
            await world.settle()
            assert notes.serves.sources[source("cart").key] == state(2, "10.0.0.2", service="cart")
            assert notes.states == []

    virtual_time.run(main())


def test_what_the_disk_knew_is_served_at_once_and_says_disk_until_the_admin_confirms_it():
    async def main():
        async with World() as world:
            manifest, documents = release(1, document("shop", "cart"))
            known = state(3, "10.0.0.3", service="cart")
            notes = Notes()
            content = Content(manifest, documents, {known.source.key: known}, "disk")
            subscription = Subscription(notes, content)
            assert notes.serves.origin == "disk"
            assert subscription.report().origin == "disk"

            world.hub.publish_manifest(manifest, documents)
            world.hub.publish_source(known)
            recorder = world.connect(subscription)
            await world.settle()
            assert notes.serves.origin == "admin"
            assert world.hub.reports["g1"].origin == "admin"
            kinds = [type(down.read(frame)[0]).__name__ for frame in recorder.sent]
            assert kinds == ["Welcome", "Current"], "equal bytes mean no work"

    virtual_time.run(main())


def test_a_restored_older_state_of_a_source_does_not_replace_a_newer_one_known_here():
    async def main():
        async with World() as world:
            manifest, documents = release(1, document("shop", "cart"))
            known = state(3, "10.0.0.3", service="cart", generation=7)
            notes = Notes()
            subscription = Subscription(notes, Content(manifest, documents, {known.source.key: known}, "disk"))
            world.hub.publish_manifest(*release(1, document("shop", "cart"), generation=8))
            world.hub.publish_source(state(2, "10.0.0.2", service="cart", generation=7))
            world.connect(subscription)
            await world.settle()
            assert notes.serves.manifest.revision == revision(1, 8)
            assert notes.serves.sources == {known.source.key: known}
            world.hub.publish_source(state(1, "10.0.0.9", service="cart", generation=8))
            await world.settle()
            assert notes.states[-1].endpoints[0].address == "10.0.0.9"

    virtual_time.run(main())


async def subscribed():
    """A subscription and the other end of its channel, past its first two messages."""
    notes = Notes()
    ours, theirs = pair()
    world = World()
    running = world.tasks.start(Subscription(notes).run(theirs), "run")
    return notes, ours, running, [up.read(await ours.receive())[0] for _ in range(2)]


def test_it_says_hello_and_what_it_serves_first():
    async def main():
        _, _, running, (hello, report) = await subscribed()
        assert (hello.protocol, report.manifest) == (1, revision(0, 0))
        running.cancel()

    virtual_time.run(main())


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"nonsense", "expected a JSON object"),
        (b'{"type":"offer","manifest":7}', "a offer message cannot be read"),
        (encode(Welcome(0)), "expected protocol 1 to 1, got 0"),
    ],
)
def test_what_it_cannot_understand_closes_the_channel_with_the_reason(frame, reason):
    async def main():
        _, ours, running, _ = await subscribed()
        await ours.send(frame)
        assert reason in await running

    virtual_time.run(main())


def test_a_document_with_other_bytes_closes_the_channel_and_serves_nothing():
    async def main():
        notes, ours, running, _ = await subscribed()
        manifest, documents = release(1, document("shop"))
        await ours.send(encode(Offer(manifest)))
        await ours.send(encode(Document(next(iter(documents))), document("shop", text="evil")))
        assert "with the hash" in await running
        assert notes.contents == []

    virtual_time.run(main())


def test_messages_of_a_newer_hub_are_ignored():
    async def main():
        notes, ours, running, _ = await subscribed()
        await ours.send(b'{"type":"weather","degrees":7}')
        await ours.send(encode(Offer(release(1)[0])))
        await asyncio.sleep(1)
        assert notes.revisions == [revision(1)]
        running.cancel()

    virtual_time.run(main())


def test_it_answers_questions_and_says_what_it_cannot_answer():
    async def main():
        async with World() as world:
            answers = {"weather": lambda: b'{"degrees":\n7}', "failing": lambda: msgspec.json.encode(1 // 0)}
            world.connect(Subscription(Notes(), answers=answers))
            await world.settle()
            assert await world.hub.ask("g1", "weather") == b'{"degrees":\n7}'
            assert await world.hub.ask_all("weather") == {"g1": b'{"degrees":\n7}'}
            for what, reason in (("nothing", "nothing here answers 'nothing'"), ("failing", "ZeroDivisionError")):
                with pytest.raises(Unanswered, match=reason):
                    await world.hub.ask("g1", what)
            with pytest.raises(Unanswered, match="g2 is not connected"):
                await world.hub.ask("g2", "weather")
            assert await world.hub.ask_all("nothing") == {}

    virtual_time.run(main())


def test_it_is_caught_up_when_it_serves_or_there_is_nothing_to_serve():
    async def main():
        async with World() as world:
            _, subscription, _ = await world.subscriber()
            assert subscription.caught_up.is_set(), "the hub has no manifest"
            world.hub.publish_manifest(*release(1, document("shop", "cart")))
            _, waiting, _ = await world.subscriber("g2")
            assert not waiting.caught_up.is_set()
            world.hub.publish_source(state(1, service="cart"))
            await world.settle()
            assert waiting.caught_up.is_set()

    virtual_time.run(main())


def test_one_report_of_traffic_waits_at_most_and_the_hub_hears_each_that_was_sent():
    told = Traffic(2.5, (1.0,), (Series("shop", "u1", "10.0.0.1:80", (0, 1, 0, 0, 0), (1, 0), 0.1),))

    def hear(name, traffic):
        heard.append((name, traffic))
        raise ValueError("a mistake of the hub's owner")

    async def main():
        subscription = Subscription(Notes())
        assert not subscription.tell(told), "nobody is there"
        async with World(Hub(on_traffic=hear)) as world:
            world.connect(subscription)
            await world.settle()
            assert subscription.tell(told)
            await world.settle()
            assert heard == [("g1", told)]
            assert subscription.tell(told), "the channel is as it was"
            await world.settle()
        near, far = pair(1)
        stuck = asyncio.create_task(subscription.run(near))
        await asyncio.sleep(1)
        assert subscription.tell(told)
        assert not subscription.tell(told), "the hello still fills the channel"
        stuck.cancel()
        assert far

    heard = []
    virtual_time.run(main())
    assert len(heard) == 2


def test_findings_are_told_now_and_to_every_hub_that_comes():
    some = Findings((Finding("shop", "u1", "10.0.0.1:80", 5.0, "it answered 500"),))

    async def main():
        subscription, heard = Subscription(Notes()), []
        for _ in range(2):
            async with World(Hub(on_findings=lambda name, findings: heard.append((name, findings)))) as world:
                world.connect(subscription)
                await world.settle()
                if not heard:
                    subscription.find(some)
                    await world.settle()
        assert heard == [("g1", some), ("g1", some)]

    virtual_time.run(main())
