"""The command as CI runs it: real processes, their exit codes, and what is left when one is interrupted."""

import asyncio
import json
import signal

import pytest

from tests.scenarios.processes import alive, below, ended, scenario, until_line

NO_EDGE = "title: t\ngiven: {edge: none}\n"
HELD = NO_EDGE + "steps:\n- expect: {object: {kind: namespace, name: default}}\n  within: 2s\n"
FAILS = HELD + "- expect: {object: {kind: namespace, name: absent}}\n"
LONG = "title: long\ngiven: {manifests: [test-hello.yaml]}\nsteps:\n- wait: 60s\n"


async def run(tmp_path, text, *options, environment=None):
    path = tmp_path / "some.yaml"
    path.write_text(text)
    return await scenario("run", path, *options, environment=environment)


async def test_0_when_all_held_and_1_when_an_expectation_failed_with_a_report_of_both(tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files/a.yaml").write_text(HELD)
    (tmp_path / "files/b.yaml").write_text(FAILS)
    report = tmp_path / "report"
    both = await scenario("run", tmp_path / "files", "-n", "2", "--seed", "7", "--report", report)
    one = await scenario("run", tmp_path / "files/a.yaml")
    code, output, errors = await ended(both)
    assert code == 1, errors
    assert "observed it does not exist" in output
    assert "again with --seed 7" in output
    assert "1 held, 1 failed" in output
    runs = json.loads((report / "report.json").read_text())["runs"]
    assert [entry["state"] for entry in runs] == ["held", "failed"]
    assert (await ended(one))[0] == 0


async def test_2_when_a_file_is_wrong_and_3_when_the_target_that_the_environment_names_cannot_be_used(tmp_path):
    wrong = await run(tmp_path, NO_EDGE + "steps: [{wiat: 1s}]\n")
    (tmp_path / "right.yaml").write_text(HELD)
    nowhere = {"PATH": str(tmp_path), "EDGE_SCENARIO_RUN_TARGET": "kind:mine"}
    unusable = await scenario("run", tmp_path / "right.yaml", environment=nowhere)
    code, output, errors = await ended(wrong)
    assert (code, output) == (2, "")
    assert "some.yaml:3: steps[0].wiat: there is no such action; did you mean 'wait'?" in errors
    code, _, errors = await ended(unusable)
    assert code == 3
    assert "needs the program `kind`: install it" in errors
    assert "Traceback" not in errors


async def test_sigint_in_the_middle_of_a_run_ends_everything_that_it_started(tmp_path):
    process = await run(tmp_path, LONG)
    await until_line(process, "start everything that is given")
    started = below(process.pid)
    assert {"simulator", "admin", "gateway"} <= {word for words in started.values() for word in words}
    process.send_signal(signal.SIGINT)
    code, _, errors = await ended(process)
    assert code == 130
    assert "interrupted: ending what was started" in errors
    assert alive(started) == set()


async def test_sigterm_while_it_starts_ends_what_it_has_started_by_then(tmp_path):
    process = await run(tmp_path, LONG)
    await until_line(process, "long")
    async with asyncio.timeout(20):
        while not {"simulator", "admin"} <= {word for words in below(process.pid).values() for word in words}:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    started = below(process.pid)
    process.send_signal(signal.SIGTERM)
    assert (await ended(process))[0] == 130
    assert alive(started) == set()


@pytest.mark.kubernetes_simulator(pods="none", time_factor=50)
async def test_an_interrupted_run_on_somebodys_cluster_leaves_nothing_there(tmp_path, kubernetes_simulator):
    inside = "{apiVersion: v1, kind: ConfigMap, metadata: {name: inside, namespace: mine}}"
    manifests = f"[{{apiVersion: v1, kind: Namespace, metadata: {{name: mine}}}}, {inside}, token.yml]"
    text = f"title: long\ngiven: {{edge: none, manifests: {manifests}}}\nsteps:\n- wait: 60s\n"
    process = await run(tmp_path, text, "--target", f"kubeconfig:{kubernetes_simulator.kubeconfig}")
    await until_line(process, "start everything that is given")
    there = ("/api/v1/namespaces/mine", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/edge-reader")
    with kubernetes_simulator.httpx_client() as api:
        assert [api.get(path).status_code for path in there] == [200, 200]
        process.send_signal(signal.SIGTERM)
        assert (await ended(process))[0] == 130
        assert [api.get(path).status_code for path in there] == [404, 404]


async def test_an_interrupted_exploration_is_130(tmp_path):
    process = await scenario("explore", "--runs", "100000", "--seed", "1", "--minutes", "3", "--out", tmp_path)
    await until_line(process, "100000 runs of 3 simulated minutes, seed 1")
    process.send_signal(signal.SIGINT)
    code, _, errors = await ended(process)
    assert (code, errors) == (130, "interrupted\n")
