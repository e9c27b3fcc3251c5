import asyncio
from datetime import UTC, datetime

from edge import virtual_time
from edge.admin.errors import Unavailable
from edge.admin.kubernetes.remembering import PAUSE, RETRY, ROWS, Remembering, recall
from edge.model import Endpoint, Revision, Source, SourceState
from edge.store.database import Database
from edge.tasks import Tasks

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)


def state(service, number, port=80):
    endpoints = (Endpoint("10.0.0.1", 8080, "pod", "node", "zone", True, True, False),)
    return SourceState(Source("k", "default", service, port), Revision(7, number), endpoints)


class Play:
    """Remembering on a database in memory; counts units of work, and `away` makes them fail."""

    def __init__(self):
        self.database = Database("sqlite://")
        self.units = 0
        self.away = False
        self.remembering = Remembering(self.work)
        self.tasks = Tasks()

    async def work(self, unit):
        if self.away:
            raise Unavailable("the database is away")
        self.units += 1
        return await self.database.run(unit)

    async def __aenter__(self):
        self.database.prepare()
        self.tasks.start(self.remembering.run(), "remember")
        return self

    async def __aexit__(self, *_):
        await self.tasks.close()
        self.database.dispose()

    def kept(self):
        return self.database.unit(recall)


def in_play(test):
    async def run():
        async with Play() as play:
            await test(play)

    def wrapped():
        virtual_time.run(run())

    wrapped.__name__ = test.__name__
    return wrapped


@in_play
async def test_what_is_remembered_comes_back_as_it_was(play):
    states = [(state("a", 1), None), (state("b", 2, "http"), AT)]
    for one in states:
        play.remembering.remember(*one)
    await asyncio.sleep(PAUSE * 2)
    assert play.kept() == states


@in_play
async def test_a_storm_of_changes_is_one_row_and_one_unit(play):
    for number in range(1000):
        play.remembering.remember(state("a", number), None)
    await asyncio.sleep(PAUSE * 2)
    assert [kept.revision.number for kept, _ in play.kept()] == [999]
    assert play.units == 1


@in_play
async def test_many_sources_are_written_in_bounded_units(play):
    for number in range(ROWS * 2 + 1):
        play.remembering.remember(state(f"s{number}", number), None)
    await asyncio.sleep(PAUSE * 2)
    assert len(play.kept()) == ROWS * 2 + 1
    assert play.units == 3


@in_play
async def test_what_is_forgotten_is_deleted(play):
    play.remembering.remember(state("a", 1), None)
    await asyncio.sleep(PAUSE * 2)
    play.remembering.forget([state("a", 1).source])
    await asyncio.sleep(PAUSE * 2)
    assert play.kept() == []


@in_play
async def test_a_database_that_is_away_gets_the_newest_state_when_it_is_back(play):
    play.away = True
    play.remembering.remember(state("a", 1), None)
    await asyncio.sleep(PAUSE * 2)
    play.remembering.remember(state("a", 2), None)
    play.away = False
    await asyncio.sleep(RETRY * 2)
    assert [kept.revision.number for kept, _ in play.kept()] == [2]
