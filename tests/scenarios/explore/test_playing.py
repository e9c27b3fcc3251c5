import os
import subprocess
import sys

from scenarios.explore.plan import Deed, Plan, generate
from scenarios.explore.playing import play

ONE_RUN = """
import logging, structlog
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
from scenarios.explore.plan import generate
from scenarios.explore.playing import play
print(*(play(generate(f"5/{number}", 3)).digest for number in range(1)))
"""


def test_the_same_seed_is_the_same_trace_under_any_hash_seed():
    said = [
        subprocess.run(
            [sys.executable, "-c", ONE_RUN],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert len(said[0].split()[0]) == 64


def test_a_few_seeds_find_nothing_and_last_as_long_as_was_asked_for():
    for number in range(6):
        outcome = play(generate(f"7/{number}", 3))
        assert outcome.violation is None, outcome.plan
        assert outcome.seconds >= 3 * 60


def test_a_run_serves_what_kubernetes_offers_and_the_trace_says_so():
    plan = Plan("test", 2, (1,), (Deed(5.0, "scale", {"service": 0, "replicas": 2}),), 3)
    lines = play(plan).lines
    offered = [line for line in lines if "kubernetes default/web-0" in line]
    assert offered[-1].count("10.20.0.") == 2
    for gateway in ("gateway-1", "gateway-2"):
        served = [line for line in lines if f"{gateway} k/default/web-0:80" in line]
        assert served[-1].count("10.20.0.") == 2


def test_what_endpoints_say_counts_while_slices_may_not_be_read():
    by_hand = Deed(5.0, "reuse-addresses", {"service": 0, "other": 0})
    refused = {"fault": {"type": "status", "code": 403}, "match": {"resource": "endpointslices"}, "times": 3}
    deeds = (by_hand, Deed(8.0, "unready", {"service": 0}), Deed(9.0, "fault", refused))
    assert play(Plan("test", 1, (1,), deeds, 4)).violation is None


def test_one_list_of_a_run_may_lie_because_a_second_one_is_believed():
    lie = {"fault": {"type": "empty-list"}, "match": {"verb": "list", "resource": "services"}, "times": 1}
    deeds = (Deed(5.9, "fault", lie), Deed(19.886, "rotate-token"), Deed(19.92, "fault", lie))
    outcome = play(Plan("1/1185", 1, (1,), deeds, 3))
    assert outcome.violation is None
    assert any("one list has lied already" in line for line in outcome.lines)
