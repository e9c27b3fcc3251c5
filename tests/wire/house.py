"""A hub and its subscribers in memory, in virtual time, and the words to describe what they are pushed."""

import asyncio

from edge.model import (
    ApplicationDocument,
    Manifest,
    ManifestEntry,
    Respond,
    Revision,
    Rule,
    Source,
    SourceState,
    Upstream,
)
from edge.model import document as documents
from edge.model.endpoint import Endpoint
from edge.tasks import Tasks
from edge.wire.hub import Hub
from edge.wire.memory import pair
from edge.wire.subscription import Subscription


def revision(number, generation=1):
    return Revision(generation, number)


def source(service="hello"):
    return Source("c1", "default", service, 80)


def state(number, *addresses, service="hello", generation=1):
    endpoints = tuple(Endpoint(address, 80) for address in addresses)
    return SourceState(source(service), revision(number, generation), endpoints)


def document(application="shop", *services, text="hello"):
    """The bytes of an application that proxies to `services` and says `text`."""
    upstreams = (Upstream("u1", "backend", sources=tuple(source(service) for service in services)),) if services else ()
    rules = (Rule("r1", actions=(Respond(body=text),)),)
    return documents.encode(ApplicationDocument(application, application, upstreams=upstreams, rules=rules))


def release(number, *bodies, generation=1, partition="p1", version=None):
    """A manifest of applications with these documents, and the documents by hash."""
    entries = []
    for body in bodies:
        name = documents.decode(body).id
        entries.append(ManifestEntry(name, name, version or number, documents.hash_of(body)))
    manifest = Manifest(revision(number, generation), partition, tuple(entries))
    return manifest, {documents.hash_of(body): body for body in bodies}


class Notes:
    """A receiver that writes down what it is given, and refuses documents that say "refuse"."""

    def __init__(self):
        self.contents = []
        self.states = []
        self.refuses = lambda body: b"refuse" in body

    @property
    def serves(self):
        return self.contents[-1] if self.contents else None

    def apply(self, content):
        self.contents.append(content)
        return {
            entry.application: "it says refuse"
            for entry in content.manifest.applications
            if self.refuses(content.documents[entry.hash])
        }

    def apply_source(self, given):
        self.states.append(given)

    @property
    def revisions(self):
        return [content.manifest.revision for content in self.contents]


class Recorder:
    """A channel that notes every frame that goes through it."""

    def __init__(self, channel):
        self._channel = channel
        self.sent = []
        self.received = []
        self.closed = None

    def send_now(self, frame):
        taken = self._channel.send_now(frame)
        if taken:
            self.sent.append(frame)
        return taken

    async def send(self, frame):
        await self._channel.send(frame)
        self.sent.append(frame)

    async def receive(self):
        frame = await self._channel.receive()
        self.received.append(frame)
        return frame

    async def close(self, reason=""):
        self.closed = reason
        await self._channel.close(reason)


class World:
    """One hub; `connect` adds a subscriber. `async with` ends everything."""

    def __init__(self, hub=None):
        self.tasks = Tasks()
        self.hub = Hub() if hub is None else hub

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.tasks.close()

    def connect(self, subscription, name="g1", partition="p1", capacity=64, hub=None):
        """Connect; answers the hub's end, recorded."""
        ours, theirs = pair(capacity)
        recorder = Recorder(ours)
        self.tasks.start((hub or self.hub).serve(recorder, partition, name), f"serve {name}")
        self.tasks.start(subscription.run(theirs), f"run {name}")
        return recorder

    async def settle(self):
        """Until nothing is left to do but wait."""
        await asyncio.sleep(1)

    async def subscriber(self, name="g1", partition="p1", **options):
        """A connected subscriber: its receiver, subscription and the hub's end."""
        notes = Notes()
        subscription = Subscription(notes)
        recorder = self.connect(subscription, name, partition, **options)
        await self.settle()
        return notes, subscription, recorder
