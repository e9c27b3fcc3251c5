import asyncio

from edge import virtual_time
from edge.gateway.agent.relay import WORKERS, Relay
from edge.wire.messages import SourceUpdate, down
from edge.wire.subscription import Subscription
from tests.wire.house import Notes, World, document, release, revision, source, state


class Server(World):
    """An Admin's hub, an agent's relay, and workers."""

    def __init__(self, workers=2, initial=None):
        super().__init__()
        self.saved = 0
        self.relay = Relay(workers, initial, released=self._changed, changed=self._changed)

    def _changed(self):
        self.saved += 1

    async def join(self):
        return self.connect(self.relay.subscription, "gateway")

    async def worker(self, name, notes=None, capacity=64):
        notes = notes or Notes()
        end = self.connect(Subscription(notes), name, WORKERS, hub=self.relay.hub, capacity=capacity)
        await self.settle()
        return notes, end

    @property
    def report(self):
        return self.hub.reports["gateway"]


def test_what_the_admin_publishes_reaches_every_worker():
    async def main():
        async with Server() as server:
            server.hub.publish_manifest(*release(1, document("shop", "cart")))
            server.hub.publish_source(state(1, service="cart"))
            await server.join()
            one, _ = await server.worker("0.0")
            other, _ = await server.worker("1.0")
            server.hub.publish_source(state(2, "10.0.0.2", service="cart"))
            await server.settle()
            for notes in (one, other):
                assert notes.revisions == [revision(1)]
                assert notes.states == [state(2, "10.0.0.2", service="cart")]
            assert server.report.manifest == revision(1)
            assert server.report.sources == {source("cart").key: revision(2)}

    virtual_time.run(main())


def test_endpoints_are_on_their_way_to_every_worker_before_the_disk_hears_of_them():
    async def main():
        async with Server(workers=1) as server:
            server.hub.publish_manifest(*release(1, document("shop", "cart")))
            server.hub.publish_source(state(1, service="cart"))
            await server.join()
            _, end = await server.worker("0.0")
            sent_when_saved = []
            del end.sent[:]
            server.relay._changed = lambda: sent_when_saved.append(list(end.sent))
            server.relay.apply_source(state(2, "10.0.0.2", service="cart"))
            assert [type(down.read(frame)[0]) for frame in sent_when_saved[0]] == [SourceUpdate]

    virtual_time.run(main())


def test_nothing_is_acknowledged_before_the_workers_serve_it_and_then_the_slowest_ones_word():
    async def main():
        async with Server() as server:
            server.hub.publish_manifest(*release(1, document("shop")))
            await server.join()
            await server.settle()
            assert (server.report.target, server.report.manifest) == (revision(1), revision(0, 0))
            await server.worker("0.0")
            stuck, _ = await server.worker("1.0")
            assert server.report.manifest == revision(1)
            server.relay.hub._subscribers["1.0"].writer._busy = True  # its socket is full
            server.hub.publish_manifest(*release(2, document("shop", text="new")))
            await server.settle()
            assert stuck.revisions == [revision(1)]
            assert (server.report.target, server.report.manifest) == (revision(2), revision(1))
            assert [entry.version for entry in server.report.applications] == [1]

    virtual_time.run(main())


def test_a_refused_application_is_reported_and_a_worker_started_later_serves_its_older_version():
    async def main():
        async with Server() as server:
            server.hub.publish_manifest(*release(1, document("shop", "cart"), document("blog")))
            server.hub.publish_source(state(1, service="cart"))
            await server.join()
            await server.worker("0.0")
            _, end = await server.worker("1.0")
            server.hub.publish_manifest(*release(2, document("shop", text="refuse"), document("blog", text="new")))
            await server.settle()
            assert server.report.refused == {"shop": "it says refuse"}
            assert {e.application: e.version for e in server.report.applications} == {"shop": 1, "blog": 2}

            await end.close("crashed")
            await server.settle()
            server.hub.publish_source(state(2, "10.0.0.2", service="cart"))
            again, _ = await server.worker("1.1")
            assert [entry.version for entry in again.contents[0].manifest.applications] == [1, 2]
            assert {e.application: e.version for e in server.report.applications} == {"shop": 1, "blog": 2}
            assert server.report.sources[source("cart").key] == revision(2), "its sources are still followed"

            restarted = Server(initial=server.relay.subscription.content)
            notes, _ = await restarted.worker("0.0")
            assert [entry.version for entry in notes.contents[0].manifest.applications] == [1, 2]
            await restarted.tasks.close()

            server.hub.publish_manifest(*release(3, document("shop", text="fixed"), document("blog", text="new")))
            await server.settle()
            assert server.report.refused == {}
            assert server.relay.subscription.content.fallback == ()

    virtual_time.run(main())


def test_an_application_that_waits_for_its_endpoints_holds_up_no_other_on_both_hops_and_across_restarts():
    async def main():
        async with Server(workers=1) as server:
            server.hub.publish_manifest(*release(1, document("shop"), document("blog")))
            await server.join()
            _, end = await server.worker("0.0")
            server.hub.publish_manifest(*release(2, document("shop", "far"), document("blog", text="new")))
            await server.settle()

            def served(report):
                return {entry.application: entry.version for entry in report.applications}, report.missing

            assert served(server.report) == ({"shop": 1, "blog": 2}, (source("far").key,))
            await end.close("crashed")
            again, _ = await server.worker("0.1")
            assert [entry.version for entry in again.contents[0].manifest.applications] == [1, 2]
            assert served(server.report) == ({"shop": 1, "blog": 2}, (source("far").key,))

            restarted = Server(workers=1, initial=server.relay.subscription.content)
            notes, _ = await restarted.worker("0.0")
            assert [entry.version for entry in notes.contents[0].manifest.applications] == [1, 2]
            await restarted.tasks.close()

            server.hub.publish_source(state(1, "10.0.0.1", service="far"))
            await server.settle()
            assert served(server.report) == ({"shop": 2, "blog": 2}, ())
            assert source("far").key in again.serves.sources
            assert server.relay.subscription.content.fallback == ()

    virtual_time.run(main())


def test_it_is_ready_when_every_worker_serves():
    async def main():
        async with Server() as server:
            await server.join()
            await server.worker("0.0")
            await server.worker("1.0")
            assert (server.relay.up, server.relay.ready) == (True, False)
            server.hub.publish_manifest(*release(1))
            await server.settle()
            assert server.relay.ready

    virtual_time.run(main())


def test_a_worker_that_crashes_does_not_take_the_report_with_it():
    async def main():
        async with Server() as server:
            server.hub.publish_manifest(*release(1, document("shop")))
            await server.join()
            await server.worker("0.0")
            _, end = await server.worker("1.0")
            await end.close("crashed")
            await server.settle()
            assert not server.relay.ready
            assert server.report.manifest == revision(1)

    virtual_time.run(main())


def test_a_started_gateway_serves_what_the_disk_knew_and_says_so_until_the_admin_confirms():
    async def main():
        async with Server(workers=1) as before:
            before.hub.publish_manifest(*release(1, document("shop", "cart")))
            before.hub.publish_source(state(1, "10.0.0.1", service="cart"))
            await before.join()
            await before.worker("0.0")
            content = before.relay.subscription.content
        async with Server(
            workers=1, initial=type(content)(content.manifest, content.documents, content.sources, "disk")
        ) as server:
            assert not server.relay.up
            notes, _ = await server.worker("0.0")
            assert server.relay.up
            assert notes.serves.origin == "disk"
            server.hub.publish_manifest(*release(1, document("shop", "cart")))
            server.hub.publish_source(state(1, "10.0.0.1", service="cart"))
            await server.join()
            await server.settle()
            assert notes.serves.origin == "admin"
            assert server.report.origin == "admin"
            assert len({id(c.documents[h]) for c in notes.contents for h in c.documents}) == 1, "nothing was sent again"

    virtual_time.run(main())


def test_the_admin_coming_back_with_a_new_generation_reaches_the_workers():
    async def main():
        async with Server(workers=1) as server:
            server.hub.publish_manifest(*release(5, document("shop", text="a")))
            end = await server.join()
            notes, _ = await server.worker("0.0")
            await end.close("kill -9")
            await asyncio.sleep(1)
            await server.worker("1.0")
            server.hub = type(server.hub)()
            server.hub.publish_manifest(*release(1, document("shop", text="b"), generation=2))
            await server.join()
            await server.settle()
            assert notes.revisions[-1] == revision(1, 2)
            assert server.report.manifest == revision(1, 2)

    virtual_time.run(main())
