from random import Random

from scenarios.explore.invariants import Violation
from scenarios.explore.plan import DEEDS, FAULTS, Deed, Plan
from scenarios.explore.writing import write
from scenarios.loading import load

VIOLATION = Violation("settled", "at 599.000 s gateway-1 serves too much")


def test_every_deed_and_every_fault_can_be_written_as_a_scenario_that_is_valid(tmp_path):
    plan = Plan("1/2", 2, (1, 2, 1), (), 10)
    deeds = [Deed(5.0 + n, name, DEEDS[name][1](Random(n), plan)) for n, name in enumerate(DEEDS)]
    deeds += [Deed(60.0 + n, "fault", fault) for n, fault in enumerate(FAULTS)]
    file = tmp_path / "found.yaml"
    file.write_text(write(Plan("1/2", 2, (1, 2, 1), tuple(deeds), 10), VIOLATION, "edge scenario explore --only 1/2"))
    (case,) = load(file)
    assert len(case.steps) > len(deeds)
    assert case.scenario.given.configuration.gateways == 2
    assert "too much" in case.scenario.about
    assert file.read_text().startswith("# seed: 1/2\n")
