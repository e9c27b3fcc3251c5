"""pytest as somebody else's repository runs it: a folder of its own, no conftest, Edge merely installed."""

import os
import subprocess
import sys

HELD = """\
title: a namespace is there
given: {edge: none}
parameters: {name: [default]}
steps:
- expect: {object: {kind: namespace, name: "${name}"}}
  within: 2s
"""
FAILS = """\
title: it would be another
given: {edge: none}
steps:
- expect: {object: {kind: namespace, name: default}, path: metadata.name, value: other}
  within: 100ms
"""
SKIPPED = "title: only there\ngiven: {edge: none}\ntarget: {needs: [nodes]}\nsteps: [wait: 1ms]\n"
WRONG = "title: wrong\nsteps: [{wiat: 1s}]\n"


def pytest_in(folder, *arguments):
    """With Edge's entry point alone: the other plugins of this installation cost seconds."""
    command = [sys.executable, "-m", "pytest", "-p", "edge-scenarios", "-p", "no:cacheprovider", "-rs", *arguments]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=50, env=environment)


def test_scenario_files_of_another_repository_are_tests_and_say_what_was_expected_and_observed(tmp_path):
    folder = tmp_path / "checks" / "scenarios"
    folder.mkdir(parents=True)
    for name, text in (("held", HELD), ("fails", FAILS), ("skipped", SKIPPED), ("other", "kind: Pod\n")):
        (folder / f"{name}.yaml").write_text(text)
    (tmp_path / "elsewhere.yaml").write_text(FAILS)  # in no folder called scenarios
    run = pytest_in(tmp_path)
    assert run.returncode == 1, run.stdout + run.stderr
    assert "1 failed, 1 passed, 1 skipped" in run.stdout
    assert "expected object: {kind: namespace, name: default}, path: metadata.name, value: other" in run.stdout
    assert "observed metadata.name is 'default'" in run.stdout
    assert "which it was since " in run.stdout
    assert "fails.yaml: it would be another: failed (seed 1)" in run.stdout
    assert "target.needs nodes" in run.stdout
    assert "Traceback" not in run.stdout
    assert "pytest_plugin.py" not in run.stdout


def test_a_file_that_is_wrong_and_a_target_that_cannot_be_used_are_said_without_a_traceback(tmp_path):
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "wrong.yaml").write_text(WRONG)
    (folder / "right.yaml").write_text(FAILS)
    run = pytest_in(tmp_path, "--scenario-target", "moon", "--continue-on-collection-errors")
    assert "1 failed, 1 error" in run.stdout, run.stdout
    assert "wrong.yaml:2: steps[0].wiat: there is no such action; did you mean 'wait'?" in run.stdout
    assert "expected one of the targets simulator, kubeconfig:PATH, kind, kind:NAME, got 'moon'" in run.stdout
    assert "Traceback" not in run.stdout
    assert "pytest_plugin.py" not in run.stdout
