import pytest

from scenarios.running import declares_scenario, load_all, run_files

HEAD = "title: t\ngiven: {edge: none}\n"


async def code(tmp_path, text, target="simulator"):
    path = tmp_path / "some.yaml"
    path.write_text(HEAD + text)
    return await run_files([path], target, tmp_path / "report", 1, 1)


async def test_a_file_that_is_wrong_is_2_and_says_where(tmp_path, capsys):
    assert await code(tmp_path, "steps: [{wiat: 1s}]\n") == 2
    assert "some.yaml:3: steps[0].wiat: there is no such action; did you mean 'wait'?" in capsys.readouterr().err


async def test_a_target_that_cannot_be_used_is_3_and_says_why(tmp_path, capsys):
    assert await code(tmp_path, "steps: [wait: 1ms]\n", "moon") == 3
    assert await code(tmp_path, "steps: [wait: 1ms]\n", f"kubeconfig:{tmp_path}/absent") == 3
    assert "cannot be used" in capsys.readouterr().err


async def test_a_report_that_cannot_be_written_is_2_before_anything_starts(tmp_path, capsys):
    (tmp_path / "report").write_text("a file")
    assert await code(tmp_path, "steps: [wait: 1ms]\n") == 2
    said = capsys.readouterr()
    assert "expected a folder that can be written to: File exists" in said.err
    assert said.out == ""


async def test_an_expectation_that_fails_is_1_and_says_what_was_observed(tmp_path, capsys):
    text = "steps:\n- expect: {object: {kind: namespace, name: default}, path: metadata.name, value: other}\n"
    assert await code(tmp_path, text + "- wait: 1ms\n") == 1
    said = capsys.readouterr().out
    assert "observed metadata.name is 'default'" in said
    assert (tmp_path / "report" / "junit.xml").exists()


@pytest.mark.kubernetes_simulator(pods="none")
async def test_what_could_not_be_cleaned_up_is_an_error_that_is_said_and_reported(
    tmp_path, capsys, kubernetes_simulator
):
    match = {"verb": "delete", "name": "kept"}
    kubernetes_simulator.faults.add({"match": match, "fault": {"type": "status", "code": 500}})
    steps = "steps:\n- apply: {apiVersion: v1, kind: ConfigMap, metadata: {name: kept}}\n"
    assert await code(tmp_path, steps, f"kubeconfig:{kubernetes_simulator.kubeconfig}") == 1
    said = capsys.readouterr().out
    assert "✗ clean up" in said
    assert "configmaps/kept answered 500" in said
    assert "configmaps/kept answered 500" in (tmp_path / "report/junit.xml").read_text()


def test_only_files_that_declare_title_and_steps_are_scenarios(tmp_path):
    for name, text in (
        ("a", "title: t\nsteps: []"),
        ("b", "kind: Pod"),
        ("c", "title: ["),
        ("d", "kind: A\n---\nkind: B"),
    ):
        (tmp_path / f"{name}.yaml").write_text(text)
    assert [path.stem for path in sorted(tmp_path.glob("*.yaml")) if declares_scenario(path)] == ["a", "c"]


def test_a_folder_without_scenarios_is_an_error(tmp_path):
    with pytest.raises(Exception, match="there is no scenario file in this folder"):
        load_all([tmp_path])
