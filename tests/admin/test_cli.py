import pytest
from click.testing import CliRunner

from edge.admin.cli import _token, admin
from edge.cli import main


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--listen", "localhost"), "expected HOST:PORT"),
        (("--listen", "localhost:99999"), "expected HOST:PORT"),
        (("--listen", "::1:80"), "brackets"),
        (("--tls-certificate", "nothing.pem"), "--tls-key"),
        (("--log-level", "loud"), "loud"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, says):
    result = CliRunner().invoke(admin, options)
    assert result.exit_code == 2
    assert says in result.output


def test_every_promised_option_is_there_and_no_secret_is_one():
    text = CliRunner().invoke(admin, ["--help"]).output
    for option in ("--listen", "--database", "--data-dir", "--tls-certificate", "--tls-key", "--allowed-host"):
        assert option in text
    for secret in ("--password", "--token", "--secret-key"):
        assert secret not in text


def test_every_option_also_reads_the_environment():
    result = CliRunner().invoke(main, ["admin"], env={"EDGE_ADMIN_LISTEN": "nowhere"})
    assert result.exit_code == 2
    assert "'nowhere'" in result.output


@pytest.mark.parametrize("token", ["tökén-tökén", "two words", "x" * 1025, "tab\tinside"])
def test_a_token_that_no_header_can_carry_is_refused_and_not_shown(token):
    result = CliRunner().invoke(admin, [], env={"EDGE_ADMIN_TOKEN": token})
    assert result.exit_code == 2
    assert "EDGE_ADMIN_TOKEN: expected" in result.output
    assert token not in result.output


def test_the_line_end_of_a_token_from_a_file_does_not_belong_to_it():
    assert _token("a-token\n") == "a-token"
    assert _token("") is None
