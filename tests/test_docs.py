"""What the docs say must be what the code does."""

import re
from pathlib import Path

import click
import pytest
import yaml

from edge.cli import COMMANDS, LazyGroup, main
from edge.demo.tutorial import HELLO_MANIFEST

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_the_tutorial_s_manifest_is_the_demo_s():
    shown = re.search(r"```yaml\n(.*?)```", (ROOT / "docs/tutorial.md").read_text(), re.DOTALL).group(1)
    assert list(yaml.safe_load_all(shown)) == list(yaml.safe_load_all(HELLO_MANIFEST.read_text()))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_asked_for_help(name):
    command = LazyGroup(name="edge").get_command(click.Context(main), name)
    assert command is not None
    with click.Context(command, info_name=name) as context:
        assert command.get_help(context).startswith("Usage:")


def test_every_make_target_of_the_readme_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = set()
    for page in PAGES:
        used |= set(re.findall(r"(?:`|    )make ([a-z-]+)", page.read_text(encoding="utf-8")))
    assert used <= targets


def test_every_dependency_has_its_line_in_the_decisions():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [
        *project["dependencies"],
        *(item for extra in project["optional-dependencies"].values() for item in extra),
    ]
    names = {re.split(r"[\[>=<]", requirement)[0] for requirement in needed}
    text = (ROOT / "docs/decisions/dependencies.md").read_text()
    assert sorted(name for name in names if not re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE)) == []
