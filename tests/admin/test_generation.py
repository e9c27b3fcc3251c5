from edge.admin.generation import next_generation
from edge.store.database import Database
from edge.store.tables import Setting


def test_the_generation_is_above_every_earlier_one_even_when_the_clock_was_set_back():
    database = Database("sqlite://")
    database.prepare()
    far = 10**11
    database.unit(lambda session: session.add(Setting(name="generation", value=str(far).encode())))
    assert [database.unit(next_generation), database.unit(next_generation)] == [far + 1, far + 2]
    database.dispose()
