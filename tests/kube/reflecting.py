"""A reflector and the API server that the test plays."""

from contextlib import asynccontextmanager
from types import SimpleNamespace

from edge.kube.reflector import Reflector
from edge.kube.resources import SLICES
from edge.tasks import Tasks
from tests.kube.support import (
    Dialogue,
    Stream,
    client,
    random,
    settle,
    slice_,
)

A = slice_("a", "web", {"10.0.0.1": "ready"}, 5)
B = slice_("b", "web", {"10.0.0.2": "ready"}, 6)
B2 = slice_("b", "web", {"10.0.0.2": "ending"}, 12)
C = slice_("c", "web", {"10.0.0.3": "ready"}, 13)


def names(objects):
    return sorted(object.metadata.name for object in objects)


@asynccontextmanager
async def following(resource=SLICES, namespace=""):
    """A running reflector, what it told, and the API server that the test plays."""
    api = Dialogue()
    told = []
    health = []
    tasks = Tasks()
    reflector = Reflector(
        client(api),
        resource,
        namespace,
        random=random(),
        on_changes=lambda changes: told.append((names(changes.put), names(changes.gone))),
        on_health=lambda: health.append((reflector.live, reflector.fault and reflector.fault.reason)),
    )
    task = tasks.start(reflector.run(), "reflector")
    try:
        yield SimpleNamespace(api=api, told=told, health=health, reflector=reflector, task=task)
    finally:
        assert not task.done(), "a reflector never ends by itself"
        await tasks.close()


async def opened(it, *objects, version=10) -> Stream:
    """Past the first list, with an open watch."""
    (await it.api.hear_list()).listed(version, *objects)
    stream = (await it.api.hear_watch()).stream()
    await settle()
    return stream
