import os

import pytest
from click.testing import CliRunner

from edge.admin import commands
from edge.cli import main
from tests.admin.house import ADMIN, house, in_virtual_time


def run(*arguments):
    return CliRunner().invoke(main, arguments)


@in_virtual_time
async def test_a_token_is_made_beside_an_active_admin_and_is_alone_on_the_last_line(tmp_path):
    url = f"sqlite:///{tmp_path}/edge.db"
    async with house(tmp_path, url) as h:
        made = run("token", "create", "ci", "--database", url, "--role", "editor", "--expires", "12h")
        assert made.exit_code == 0
        actor = await h.admin.tokens.authenticate(made.stdout.splitlines()[-1])
        assert (actor.name, actor.role) == ("ci", "editor")
        [line] = (await h.admin.audit.list(ADMIN)).items
        assert (line.actor, line.action, line.target) == ("command line", "create", 'token "ci"')


def test_a_token_can_be_made_before_the_first_start(tmp_path):
    made = run("token", "create", "ci", "--data-dir", str(tmp_path / "data"))
    assert made.exit_code == 0
    assert made.stdout.startswith("edge_")
    assert "role admin, expires" in made.stderr


@pytest.mark.parametrize(("text", "seconds"), [("30m", 1800), ("12h", 43_200), ("90d", 7_776_000), ("never", None)])
def test_a_time_is_a_number_and_a_unit(text, seconds):
    assert commands.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "0d", "-1d", "1w", "9999d", "1d2h"])
def test_other_times_are_refused(text, tmp_path):
    made = run("token", "create", "ci", "--data-dir", str(tmp_path), "--expires", text)
    assert made.exit_code == 2
    assert os.listdir(tmp_path) == []


def test_a_wrong_database_is_a_sentence(tmp_path):
    for arguments in (("token", "create", "ci"), ("db", "upgrade")):
        failed = run(*arguments, "--database", "mysql://u:geheim@h/d")
        assert failed.exit_code == 1
        assert "are not known" in failed.stderr
        assert "geheim" not in failed.stderr


def test_upgrading_twice_does_nothing_the_second_time(tmp_path):
    url = f"sqlite:///{tmp_path}/edge.db"
    assert run("db", "upgrade", "--database", url).output == "the database was upgraded\n"
    assert run("db", "upgrade", "--database", url).output == "the database needed no upgrade\n"
