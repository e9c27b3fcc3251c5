from types import SimpleNamespace

from edge.kube.feed import Feed
from edge.kube.plan import Target
from edge.kube.reflector import Changes
from edge.kube.resources import SERVICES, SLICES, Resource
from edge.tasks import Tasks
from tests.kube.support import Dialogue, client, in_virtual_time, line, random, service, settle, slice_


async def fed(resource: Resource, *first):
    """A running feed past its first list, its open watch, and what it told."""
    api = Dialogue()
    told = []
    feed = Feed(
        client(api),
        Target(resource),
        random=random(),
        on_services=lambda feed, services: told.append(None if services is None else sorted(services)),
        on_health=lambda feed: None,
    )
    tasks = Tasks()
    tasks.start(feed.reflector.run(), "feed")
    (await api.hear_list()).listed(10, *first)
    stream = (await api.hear_watch()).stream()
    await settle()
    return SimpleNamespace(feed=feed, told=told, stream=stream, tasks=tasks, api=api)


@in_virtual_time
async def test_the_first_list_is_told_as_everything_and_later_changes_by_service():
    it = await fed(SLICES, slice_("a", "web", {}), slice_("b", "web", {}), slice_("c", "api", {}))
    assert it.told == [None]
    assert it.feed.known
    assert sorted(it.feed.of_service(("default", "web"))) == ["a", "b"]
    it.stream.send(line("DELETED", slice_("a", "web", {}, 11)) + line("ADDED", slice_("d", "api", {}, 12)))
    await settle()
    assert it.told == [None, [("default", "web")], [("default", "api")]]
    assert sorted(it.feed.of_service(("default", "api"))) == ["c", "d"]
    await it.tasks.close()


@in_virtual_time
async def test_a_slice_that_moves_touches_both_services_and_an_emptied_one_is_forgotten():
    it = await fed(SLICES, slice_("a", "web", {}))
    it.stream.send(line("MODIFIED", slice_("a", "api", {}, 11)))
    await settle()
    assert it.told[-1] == [("default", "api"), ("default", "web")]
    assert it.feed.of_service(("default", "web")) == {}
    await it.tasks.close()


@in_virtual_time
async def test_a_slice_without_the_label_belongs_to_nobody():
    bare = slice_("a", "web", {})
    bare["metadata"]["labels"] = None
    it = await fed(SLICES, bare)
    assert it.feed.of_service(("default", "web")) == {}
    labelled = slice_("a", "web", {}, 11)
    it.stream.send(line("MODIFIED", labelled) + line("MODIFIED", {**bare, "endpoints": None}))
    await settle()
    assert it.told[1:] == [[("default", "web")], [("default", "web")]]
    assert it.feed.of_service(("default", "web")) == {}
    await it.tasks.close()


@in_virtual_time
async def test_a_relist_tells_all_its_changes_at_once():
    it = await fed(SERVICES, service("a"), service("b"))
    it.feed._changed(Changes((), tuple(it.feed.reflector.objects.values())))
    assert it.told[-1] == [("default", "a"), ("default", "b")]
    assert it.feed.of_service(("default", "a")) == {}
    await it.tasks.close()
