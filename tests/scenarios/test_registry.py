import subprocess
import sys
from importlib.metadata import EntryPoint
from textwrap import dedent

import jsonschema_rs
import pytest

from scenarios.registry import GROUP, gather

MODULE = """
from typing import ClassVar
from scenarios.steps.base import Action, Expectation, Seen

class Scale(Action):
    "Greet somebody."

    who: str

    async def run(self, world):
        return f"hello {self.who}"

class Mood(Expectation):
    subject: ClassVar[str] = "mood"

    mood: str

    async def look(self, world):
        return Seen(self.mood == "good", "good")

thing = 3
"""


@pytest.fixture
def package(tmp_path):
    """A distribution as an installer leaves it: a module, and its metadata beside it."""
    site, name = tmp_path / "site", "greetings_of_a_test"
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (site / f"{name}.py").write_text(MODULE)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    entries = {"greet": "Scale", "mood": "Mood", "gone": "Gone", "scale": "Scale", "odd": "thing", "within": "Scale"}
    lines = "\n".join(f"{key} = {name}:{value}" for key, value in entries.items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}\n")
    return site


def edge(package, *arguments):
    """The command, in an environment where the package is installed."""
    program = f"import sys; sys.path.insert(0, {str(package)!r}); from edge.cli import main; main()"
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True)


def scenario(tmp_path, steps):
    path = tmp_path / "some.yaml"
    path.write_text("title: t\ngiven: {edge: none}\nsteps:\n" + dedent(steps))
    return str(path)


def test_a_step_of_another_package_is_checked_completed_and_named_when_misspelt(package, tmp_path):
    wrong = edge(package, "scenario", "check", scenario(tmp_path, "- gret: {who: you}\n- greet: {hwo: you}\n"))
    assert "steps[0].gret: there is no such action; did you mean 'greet'?" in wrong.stderr
    assert "steps[1].greet.hwo: there is no such key; did you mean 'who'?" in wrong.stderr
    printed = edge(package, "scenario", "schema").stdout
    assert jsonschema_rs.Draft202012Validator(printed).is_valid({"title": "t", "steps": [{"greet": {"who": "you"}}]})
    assert "Greet somebody." in printed
    assert "Change a Deployment's replicas." in printed, "Edge has a class Scale, too"


def test_one_that_cannot_be_used_says_why_to_the_files_that_use_it(package, tmp_path):
    said = edge(package, "scenario", "check", scenario(tmp_path, "- gone: {}\n- expect: {odd: 1}\n- wait: 1s\n"))
    of = "the step of greetings_of_a_test"
    assert f"steps[0].gone: {of} (greetings_of_a_test:Gone) cannot be used: AttributeError" in said.stderr
    assert f"steps[1].expect.odd: {of} (greetings_of_a_test:thing) cannot be used: it is neither" in said.stderr
    assert edge(package, "scenario", "check", scenario(tmp_path, "- wait: 1s\n")).returncode == 0


def test_it_is_played_like_any_other(package, tmp_path):
    done = edge(package, "scenario", "run", scenario(tmp_path, "- greet: {who: you}\n"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "greet who: you" in done.stdout


@pytest.mark.parametrize("name", ["scale", "upstream", "within", "expect", "Shout", "no good"])
def test_names_that_mean_something_already_are_not_taken(name):
    made = gather([EntryPoint(name, "scenarios.steps.other:Wait", GROUP)])
    assert list(made.unusable) == [name]


def test_an_expectation_is_called_like_its_entry_point():
    made = gather([EntryPoint("other", "scenarios.steps.edge_seen:GatewaySeen", GROUP)])
    assert "is its entry point's name, 'other'" in made.unusable["other"]
