import pytest

from scenarios.errors import TargetError
from scenarios.targets import find


@pytest.mark.parametrize(
    ("name", "called", "offers"),
    [
        ("simulator", "simulator", ("simulator",)),
        ("kubeconfig:/some/where", "kubeconfig:/some/where", ()),
        ("kind", "kind:edge-scenarios", ("api-server", "nodes")),
        ("kind:mine", "kind:mine", ("api-server", "nodes")),
    ],
)
async def test_a_target_is_found_by_its_name_and_says_what_it_offers(name, called, offers):
    source = find(name)
    target = source()
    assert target.name == called
    assert target.offers[: len(offers)] == offers
    assert ("simulator" in target.offers) == (name == "simulator")
    assert source() is not target  # one for each case
    await source.close()


@pytest.mark.parametrize("name", ["", "moon", "kind:", "kubeconfig:", "kubeconfig", "simulator:x"])
def test_what_is_no_target_is_said_with_those_there_are(name):
    with pytest.raises(TargetError, match="expected one of the targets simulator, kubeconfig:PATH, kind, kind:NAME"):
        find(name)
