from scenarios.explore import running
from scenarios.loading import load
from tests.scenarios.explore.breaking import BROKEN


def test_what_is_found_is_cut_down_and_written_with_exit_status_1(tmp_path):
    said = []
    assert running.explore(4, 1, 3, tmp_path, said.append, BROKEN["removed"]) == 1
    (file,) = tmp_path.iterdir()
    (case,) = load(file)
    assert len(case.steps) <= 5
    assert said[0] == "4 runs of 3 simulated minutes, seed 1"
    assert said[1].startswith("run 1/")
    assert "cut down from" in said[2]
    assert "edge scenario explore --only 1/" in said[-1]


def test_a_file_names_the_run_that_finds_it_again(tmp_path):
    said = []
    assert running.again("1/0", 3, tmp_path, said.append) == 0
    assert "nothing found in run 1/0" in said[-1]


def test_finding_nothing_is_exit_status_0_with_the_numbers(tmp_path):
    said = []
    assert running.explore(1, 3, 3, tmp_path, said.append) == 0
    assert "1 of 1 runs, nothing found" in said[1]
    assert list(tmp_path.iterdir()) == []
