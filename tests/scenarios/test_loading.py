from pathlib import Path

import pytest

from scenarios import marks
from scenarios.errors import FileError
from scenarios.loading import cases
from scenarios.steps.edge_seen import UpstreamSeen
from scenarios.steps.other import Wait

PATH = Path("some.yaml")
MANY = ", ".join(f"p{number}: [1, 2, 3, 4]" for number in range(6))
HEAD = "title: t\ngiven:\n  manifests: [test-hello.yaml]\nsteps:\n"


def load(text):
    return cases(marks.parse(text, PATH), PATH)


def wrong(text):
    with pytest.raises(FileError) as caught:
        load(text)
    return [(problem.line, problem.key, problem.message) for problem in caught.value.problems]


def test_a_step_is_one_action_or_expectation_with_its_modifiers():
    [case] = load(
        HEAD + "- wait: 2s\n- expect: {upstream: my kubernetes backend, endpoints: {ready: 3}}\n  within: 2s\n"
    )
    wait, expect = case.steps
    assert wait.deed == Wait(duration="2s")
    assert isinstance(expect.deed, UpstreamSeen)
    assert expect.deed.endpoints.ready == 3
    assert (expect.modifiers.within, expect.line) == ("2s", 6)


@pytest.mark.parametrize(
    ("steps", "line", "key", "message"),
    [
        ("- scal: {}", 5, "steps[0].scal", "did you mean 'scale'?"),
        ("- scale: {deployment: a, replica: 3}", 5, "steps[0].scale.replica", "did you mean 'replicas'?"),
        (
            "- scale:\n    deployment: a\n    replicas: three",
            7,
            "steps[0].scale.replicas",
            "expected a whole number of at least 0, got 'three'",
        ),
        ("- scale: {deployment: a}", 5, "steps[0].scale", "missing required field `replicas`"),
        ("- {}", 5, "steps[0]", "expected exactly one action or `expect` in a step, got none"),
        ("- wait: 1s\n  compact:", 5, "steps[0]", "got wait, compact"),
        ("- expect: {upsteam: a}", 5, "steps[0].expect.upsteam", "did you mean 'upstream'?"),
        ("- expect: nothing", 5, "steps[0].expect", "expected a map"),
        ("- wait: 1 second", 5, "steps[0].wait", "expected a duration such as 300ms, 2s or 1m, got '1 second'"),
        ("- wait: 1s\n  within: 2", 6, "steps[0].within", "expected a duration such as 300ms, 2s or 1m, got 2"),
        ("- expect: {traffic: {a: {latency: {p98: <1s}}}}", 5, "steps[0].expect.traffic.a.latency.p98", "'p99'?"),
        (
            "- expect: {traffic: {a: {outcomes: {refusd: 0}}}}\ntraffic: {a: {rate: 1/s}}",
            5,
            "steps[0].expect",
            "'refused'?",
        ),
        ("- expect: {log: admin, matches: '('}", 5, "steps[0].expect.matches", "unterminated"),
        ("- expect: {release: latest, servers: {gateway-9: applied}}", 5, "steps[0].expect.servers", "'gateway-1'?"),
        ("- release: {application: nope}", 5, "steps[0].release.application", "there is no application 'nope'"),
        ("- rollback: {version: 0}", 5, "steps[0].rollback.version", "at least 1"),
        ("- expect: {object: {kind: frob, name: a}}", 5, "steps[0].expect.object.kind", "there is no kind 'frob'"),
        ("- fault: {fault: {type: cut}, times: 1, share: 0.5}", 5, "steps[0].fault", "`times` or `share`"),
        ("- fault: {fault: {type: cut}, share: 5}", 5, "steps[0].fault.share", "at most 1"),
        ("- fault: {fault: {type: cut}, match: {resorce: pods}}", 5, "steps[0].fault.match.resorce", "'resource'?"),
        (
            "- {wait: 1s, name: a}\n- {wait: 1s, name: a}\n- {expect: {gateway: every}, after: a, within: 1s}",
            7,
            "steps[2].after",
            "two steps have the name 'a'",
        ),
        ("- wait: 1s\n  withn: 1s", 6, "steps[0].withn", "did you mean 'within'?"),
        ("- wait: 1s\n  within: 1s", 6, "steps[0].within", "belongs to an expectation"),
        ("- expect: {upstream: other, endpoints: {}}", 5, "steps[0].expect.upstream", "there is no upstream 'other'"),
        ("- expect: {kubernetes_cluster: tset, state: connected}", 5, "steps[0].expect.kubernetes_cluster", "'test'?"),
        ("- expect: {kubernetes_cluster: test, state: fine}", 5, "steps[0].expect.state", "expected one of connected"),
        ("- expect: {gateway: gateway-2}", 5, "steps[0].expect.gateway", "did you mean 'gateway-1'?"),
        ("- expect: {traffic: {steady: {}}}", 5, "steps[0].expect.traffic.steady", "there is no traffic"),
        ("- kill: gateway-9", 5, "steps[0].kill.process", "there is no process"),
        ("- apply: absent.yaml", 5, "steps[0].apply[0]", "cannot be read"),
        ("- expect: {gateway: every}\n  never: true", 6, "steps[0].never", "needs `for`"),
        ("- expect: {gateway: every}\n  before: later", 6, "steps[0].before", "no later step has the name 'later'"),
        ("- wait: '${x}'", 5, "steps[0].wait", ""),
    ],
)
def test_what_is_wrong_is_said_with_line_key_and_the_nearest_right_one(steps, line, key, message):
    found = wrong(HEAD + steps + "\n")
    assert len(found) == 1
    assert found[0][0] == line
    assert found[0][1].startswith(key)
    assert message in found[0][2]


def test_everything_that_is_wrong_is_said_at_once():
    assert [line for line, _, _ in wrong(HEAD + "- scal: {}\n- wait: 1s\n- compct:\n")] == [5, 7]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[]", 1, "expected a map with `title` and `steps`"),
        ("title: t\n", 1, "missing required field `steps`"),
        ("title: t\nsteps: []\n", 2, "a list of at least 1"),
        ("title: t\nstep: []\nsteps: [wait: 1s]\n", 2, "did you mean 'steps'?"),
        ("title: t\ngiven:\n  manifest: []\nsteps: [wait: 1s]\n", 3, "did you mean 'manifests'?"),
        ("title: t\ngiven:\n  edge:\n    gateway: 3\nsteps: [wait: 1s]\n", 4, "did you mean 'gateways'?"),
        ("title: t\nsteps: [wait: 1s]\n", 1, "no manifest has the service default/test-hello"),
        (
            "title: t\ntraffic: {a: {rate: 5}}\nsteps: [wait: 1s]\n",
            2,
            "expected a rate such as 200/s or 30/m, or",
        ),
        ("title: t\ntraffic:\n  a:\n    rte: 5/s\nsteps: [wait: 1s]\n", 4, "did you mean 'rate'?"),
        ("title: t\ntarget: {needs: [moon]}\nsteps: [wait: 1s]\n", 2, "expected one of api-server, clusters, nodes"),
        (
            f"title: t\nparameters: {{{', '.join(f'p{n}: [1, 2, 3, 4]' for n in range(6))}}}\nsteps: [wait: 1s]\n",
            2,
            "4,096",
        ),
        ("title: t\ngiven: {edge: none}\nsteps:\n- release:\n", 4, "this needs Edge"),
        ("title: t\ngiven: {edge: none, faults: [{falt: 1}]}\nsteps: [wait: 1s]\n", 2, "did you mean 'fault'?"),
    ],
)
def test_a_file_that_cannot_hold_fails_before_anything_starts(text, line, message):
    assert any(found[0] == line and message in found[2] for found in wrong(text)), wrong(text)


def test_parameters_make_a_case_for_every_combination_and_keep_their_types():
    text = "parameters: {n: [1, 2], g: [hello]}\n" + HEAD + "- scale: {deployment: 'test-${g}', replicas: '${n}'}\n"
    found = load(text)
    assert [case.parameters for case in found] == [{"n": 1, "g": "hello"}, {"n": 2, "g": "hello"}]
    assert [(case.steps[0].deed.deployment, case.steps[0].deed.replicas) for case in found] == [
        ("test-hello", 1),
        ("test-hello", 2),
    ]
    assert found[1].title == "t [n=2, g=hello]"


def test_a_parameter_that_is_not_there_is_named():
    text = "parameters: {count: [1]}\n" + HEAD + "- scale: {deployment: a, replicas: '${cuont}'}\n"
    assert any("did you mean 'count'?" in message for _, _, message in wrong(text))


def test_a_case_knows_why_it_cannot_run_on_a_target():
    def lacking(text, *offers):
        return load(HEAD + text)[0].lacking(offers)

    assert lacking("- wait: 1s\n") == ""
    assert lacking("- compact:\n") == "line 5: compact can only be done to the simulator"
    assert lacking("- compact:\n", "simulator") == ""
    assert "given.faults can only" in load(
        "title: t\ngiven: {edge: none, faults: [{fault: {type: cut}}]}\n" + "steps: [wait: 1s]\n"
    )[0].lacking(())
    assert "needs nodes" in lacking("- wait: 1s\ntarget: {needs: [nodes]}\n", "simulator", "api-server")


def test_before_and_after_name_other_steps():
    text = HEAD + "- expect: {gateway: every}\n  before: later\n- wait: 1s\n  name: later\n"
    text += "- expect: {gateway: every}\n  after: later\n  within: 1s\n"
    assert [step.modifiers.name for step in load(text)[0].steps] == ["", "later", ""]


CLUSTERS = (
    "title: t\ngiven:\n  manifests: [test-hello.yaml]\n  clusters: {second: {manifests: [test-hello.yaml]}}\nsteps:\n"
)


def test_a_step_says_which_cluster_it_is_about():
    text = CLUSTERS + "- scale: {deployment: test-hello, replicas: 1}\n  cluster: second\n- compact:\n"
    [case] = load(text)
    assert [step.modifiers.cluster for step in case.steps] == ["second", ""]
    assert case.steps[0].title == "scale deployment: test-hello, replicas: 1 in second"
    assert "given.clusters needs" in case.lacking(["simulator"])
    assert case.lacking(["simulator", "clusters"]) == ""


def test_a_cluster_that_is_not_given_is_said():
    [problem] = wrong(CLUSTERS + "- compact:\n  cluster: secnd\n")
    assert problem[:2] == (7, "steps[0].cluster")
    assert "did you mean 'second'?" in problem[2]


def test_quick_time_can_only_be_had_in_a_simulator():
    [case] = load("title: t\ngiven: {edge: none, time_factor: 60}\nsteps: [wait: 1s]\n")
    assert "given.time_factor" in case.lacking([])
    assert case.lacking(["simulator"]) == ""
