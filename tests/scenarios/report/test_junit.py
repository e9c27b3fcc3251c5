from xml.etree import ElementTree

from scenarios.report.junit import render
from tests.scenarios.report.made import OUTCOMES, result


def suites(*results):
    return ElementTree.fromstring(render(results).partition("\n")[2])


def counts(element):
    return {name: element.get(name) for name in ("tests", "failures", "errors", "skipped")}


async def test_every_expectation_is_a_case_and_an_action_only_when_it_failed():
    [suite] = suites(result())
    assert [case.get("name") for case in suite.iter("testcase")] == [
        "line 5: expect three",
        "line 6: kill",
        "line 7: expect more",
        "line 9: always",
        "line 10: expect at the end",
    ]
    assert counts(suite) == {"tests": "5", "failures": "1", "errors": "1", "skipped": "1"}
    assert suite.get("name") == "t <b>"


async def test_a_failure_says_what_was_expected_observed_and_since_when():
    [suite] = suites(result())
    failure = suite.find("testcase/failure")
    assert failure.text == "expected 3\nobserved 1?\nwhich it was since 0.50 s into the run"
    assert failure.get("message") == "expected 3"
    assert suite.find("testcase/error").text == "no such process"
    assert suite.find("testcase/skipped").get("message") == "not reached"
    assert suite.find("system-err").text == "log of admin:\nit <said>"


async def test_the_whole_adds_up():
    assert counts(suites(result(), result())) == {"tests": "10", "failures": "2", "errors": "2", "skipped": "2"}


async def test_a_run_that_was_skipped_or_expects_nothing_is_one_case():
    skipped = result(state="skipped", reason="needs the simulator", outcomes=[], traffic={})
    deeds = result(state="held", reason="", outcomes=OUTCOMES[:2])
    one, other = suites(skipped, deeds)
    assert one.find("testcase/skipped").get("message") == "needs the simulator"
    assert counts(one) == {"tests": "1", "failures": "0", "errors": "0", "skipped": "1"}
    assert counts(other) == {"tests": "1", "failures": "0", "errors": "0", "skipped": "0"}
    assert other.find("system-err") is None
