import pytest

from tests.admin.api import house


@pytest.fixture
def play(tmp_path):
    """Plays a scenario in a house of its own."""
    return lambda scenario: house.run(scenario, tmp_path)
