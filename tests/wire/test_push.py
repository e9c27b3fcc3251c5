"""Hub and subscriptions under random publishing, cuts, restarts, older backups and slow channels, in virtual time."""

import asyncio

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.model.revision import NOTHING
from edge.virtual_time import VirtualTimeLoop
from edge.wire.content import sources_named
from edge.wire.hub import Hub
from edge.wire.subscription import Subscription
from tests.wire.house import Notes, World, document, release, source, state

SERVICES = ("cart", "pay", "posts")
APPLICATIONS = ("blog", "shop")
NAMES = ("g1", "g2")


class Watched(Notes):
    """A receiver that checks what it is given while it is given it. As a gateway does, it keeps the version it has of
    an application that it refuses or of which a source is missing; `versions` are the hashes that it serves."""

    def __init__(self):
        super().__init__()
        self.sources = {}
        self.versions = {}
        self.wrong = []

    def check(self, right, words):
        if not right:
            self.wrong.append(words)

    def apply(self, content):
        before = self.serves
        self.check(before is None or content.manifest.revision >= before.manifest.revision, "the manifest went back")
        for key, given in content.sources.items():
            self.check(self.sources.get(key, NOTHING) <= given.revision, f"{key} went back")
        refused = super().apply(content)
        versions, self.versions = self.versions, {}
        for entry in content.manifest.applications:
            cold = not self.is_warm(entry.hash, content)
            kept = versions.get(entry.application) if cold or entry.application in refused else entry.hash
            if kept is not None:
                self.versions[entry.application] = kept
                self.check(kept in content.documents and self.is_warm(kept, content), f"{entry.application} lost")
        self.sources = {key: given.revision for key, given in content.sources.items()}
        return refused

    def is_warm(self, name, content):
        return all(key in content.sources for key in sources_named(content.documents[name]))

    def apply_source(self, given):
        key = given.source.key
        self.check(self.sources[key] < given.revision, f"{key} went back")
        self.sources[key] = given.revision
        super().apply_source(given)


class Light(Watched):
    """One that forgets the bytes of documents once it has taken them, as a worker does. `made` is what it made of those
    that it serves."""

    def __init__(self):
        super().__init__()
        self.made = {}

    def apply(self, content):
        documents = {name: body or self.made.get(name) for name, body in content.documents.items()}
        self.check(None not in documents.values(), "bytes are wanted that were forgotten")
        refused = super().apply(msgspec.structs.replace(content, documents=documents))
        self.made = {name: documents[name] for name in self.versions.values()}
        return refused


applications = st.dictionaries(
    st.sampled_from(APPLICATIONS),
    st.tuples(st.lists(st.sampled_from(SERVICES), max_size=2, unique=True), st.sampled_from(["a", "b", "refuse"])),
)


class Push(RuleBasedStateMachine):
    @initialize()
    def start(self):
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.world = World()
        self.generation, self.number = 1, 0
        self.manifest = release(0, generation=0)
        self.states = {}
        self.backup = (self.manifest, {})
        self.notes = {"g1": Watched(), "g2": Light()}
        self.subscriptions = {
            name: Subscription(notes, keep=not isinstance(notes, Light)) for name, notes in self.notes.items()
        }
        self.channels = {}

    def run(self, step):
        async def runs():
            step()
            await asyncio.sleep(0)

        self.runner.run(runs())

    def next(self):
        self.number += 1
        return self.number

    @rule(chosen=applications)
    def publish_manifest(self, chosen):
        bodies = [document(name, *services, text=text) for name, (services, text) in sorted(chosen.items())]
        self.manifest = release(self.next(), *bodies, generation=self.generation)
        self.run(lambda: self.world.hub.publish_manifest(*self.manifest))

    @rule(service=st.sampled_from(SERVICES), count=st.integers(0, 2))
    def publish_source(self, service, count):
        addresses = [f"10.0.0.{index}" for index in range(count)]
        given = state(self.next(), *addresses, service=service, generation=self.generation)
        self.states[service] = given
        self.run(lambda: self.world.hub.publish_source(given))

    @rule(service=st.sampled_from(SERVICES), back=st.integers(1, 5))
    def publish_late(self, service, back):
        older = max(self.number - back, 0)
        late = state(older, "10.9.9.9", service=service, generation=self.generation)
        known = self.states.get(service)
        if known is not None and known.revision >= late.revision:
            self.run(lambda: self.world.hub.publish_source(late))
        if self.manifest[0].revision > release(older, generation=self.generation)[0].revision:
            gone = release(older, document("shop", text="late"), generation=self.generation)
            self.run(lambda: self.world.hub.publish_manifest(*gone))

    @rule(name=st.sampled_from(NAMES), capacity=st.sampled_from([1, 2, 64]))
    def connect(self, name, capacity):
        if name not in self.channels:
            self.run(lambda: self.channels.update({name: self._connect(name, capacity)}))

    def _connect(self, name, capacity):
        return self.world.connect(self.subscriptions[name], name, capacity=capacity)

    @precondition(lambda self: self.channels)
    @rule(data=st.data())
    def cut(self, data):
        self._cut(data.draw(st.sampled_from(sorted(self.channels))))

    def _cut(self, name):
        channel = self.channels.pop(name)

        async def cuts():
            await channel.close("cut")
            await asyncio.sleep(0.1)

        self.runner.run(cuts())

    @rule()
    def back_up(self):
        self.backup = (self.manifest, dict(self.states))

    @rule(from_backup=st.booleans())
    def restart_admin(self, from_backup):
        """Killed, and started on what its database or an older backup of it holds, with a new generation."""
        for name in list(self.channels):
            self._cut(name)
        if from_backup:
            self.manifest, self.states = self.backup[0], dict(self.backup[1])
        self.generation, self.number = self.generation + 1, 0
        self.world.hub = Hub()
        for given in self.states.values():
            self.run(lambda given=given: self.world.hub.publish_source(given))
        held, documents = self.manifest
        entries = [documents[entry.hash] for entry in held.applications]
        self.manifest = release(self.next(), *entries, generation=self.generation)
        self.run(lambda: self.world.hub.publish_manifest(*self.manifest))

    @rule()
    def wait(self):
        self.runner.run(asyncio.sleep(0.5))

    @invariant()
    def nothing_went_wrong_at_a_receiver(self):
        for notes in self.notes.values() if hasattr(self, "notes") else ():
            assert notes.wrong == []

    @invariant()
    def reports_are_of_what_is_served(self):
        for name, report in self.world.hub.reports.items() if hasattr(self, "world") else ():
            assert report.manifest == NOTHING or report.manifest in self.notes[name].revisions

    def teardown(self):
        if not hasattr(self, "runner"):
            return
        for name in list(self.channels):
            self._cut(name)
        for service in SERVICES:
            self.publish_source(service, 1)
        for name in NAMES:
            self.connect(name, 1)
        self.runner.run(asyncio.sleep(5))
        try:
            self.nothing_went_wrong_at_a_receiver()
            for name in NAMES:
                self._equals_the_hubs_latest(name)
        finally:
            self.runner.run(self.world.tasks.close())
            self.runner.close()

    def _equals_the_hubs_latest(self, name):
        subscription, notes = self.subscriptions[name], self.notes[name]
        manifest, documents = self.manifest
        if manifest.revision.generation == 0:
            assert notes.serves is None
            return
        assert notes.serves.manifest == manifest
        content = subscription.content
        assert {entry.hash for entry in manifest.applications} <= set(content.documents)
        named = {key for body in documents.values() for key in sources_named(body)}
        assert named <= set(content.sources)
        for service in SERVICES:
            key = source(service).key
            if key in named:
                assert content.sources[key] == self.states[service]
                assert notes.sources[key] == self.states[service].revision
        refused = {e.application for e in manifest.applications if b"refuse" in documents[e.hash]}
        report = self.world.hub.reports[name]
        assert set(report.refused) == refused
        accepted = {e for e in manifest.applications if e.application not in refused}
        assert accepted <= set(report.applications)
        assert report.missing == ()
        assert {e.application: e.hash for e in report.applications} == notes.versions
        assert report.missing == ()


TestPush = Push.TestCase
TestPush.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
