from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli import main
from edge.gateway.cli import gateway


def run(*arguments, environment=None):
    return CliRunner().invoke(main, ["gateway", *arguments], env=environment or {})


def test_help_shows_the_options_of_the_contracts_with_their_defaults():
    text = run("--help").output
    for option in (
        *(
            "--admin",
            "--join-token",
            "--join-token-file",
            "--name",
            "--listen",
            "--advertise",
            "--workers",
            "--data-dir",
        ),
        *("--status-listen", "--probe-listen", "--admin-ca", "--insecure-admin", "--drain-timeout"),
    ):
        assert option in text
    for default in ("0.0.0.0:8080", "127.0.0.1:8081", "30.0"):
        assert default in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--name", "g"), "Missing option '--admin'"),
        (("--admin", "http://127.0.0.1:1"), "Missing option '--name'"),
        (("--admin", "a", "--name", "g", "--listen", "8080"), "'8080' is not HOST:PORT"),
        (("--admin", "a", "--name", "g", "--workers", "0"), "0 is not in the range"),
        (("--admin", "a", "--name", "g\n1"), "printable ASCII"),
        (("--admin", "a", "--name", "g", "--advertise", "a b"), "expected HOST or HOST:PORT"),
        (("--admin", "a", "--name", "g", "--advertise", "host:99999"), "expected HOST or HOST:PORT"),
        (("--admin", "a", "--name", "g", "--advertise", "[::1"), "expected HOST or HOST:PORT"),
        (("--admin", "a", "--name", "g", "--drain-timeout", "nan"), "expected a number"),
        (("--admin", "a", "--name", "g", "--tracing", "collector:4318"), "expected http://HOST:PORT or https://"),
        (("--admin", "a", "--name", "g", "--tracing", "http://u:p@c"), "expected http://HOST:PORT or https://"),
        (("--admin", "a", "--name", "g", "--tracing-sample", "2"), "2.0 is not in the range"),
        (("--admin", "a", "--name", "g", "--trusted-proxy", "ten"), "expected a network such as 10.0.0.0/8"),
        (("--admin", "a", "--name", "g", "--proxy-protocol-from", "10.0.0.300"), "expected a network such as"),
        (("--admin", "a", "--name", "g", "--body-limit", "-1"), "-1 is not in the range"),
        (("--admin", "a", "--name", "g", "--zone", "eu 1"), "expected a name like eu-central-1a, got 'eu 1'"),
        (("--admin", "a", "--name", "g", "--access-log-fields", "time,query"), "there is no field 'query'"),
        (("--admin", "a", "--name", "g", "--access-log-fields", "header.Cookie"), "carries credentials"),
        (("--admin", "a", "--name", "g", "--join-token-file", "/nowhere"), "--join-token-file /nowhere cannot be read"),
        (("--admin", "a", "--name", "g", "--join-token", "a", "--join-token-file", "b"), "not both"),
        (("--admin", "a", "--name", "g", "--join-token", "a b"), "characters that no join token has"),
    ],
)
def test_wrong_options_are_explained(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_options_are_read_from_the_environment_too(tmp_path):
    result = run(
        environment={
            "EDGE_GATEWAY_ADMIN": "http://192.0.2.1:8001",
            "EDGE_GATEWAY_NAME": "g",
            "EDGE_GATEWAY_DATA_DIR": str(tmp_path),
        }
    )
    assert result.exit_code == 1
    assert "plain http to another machine" in result.output


def test_every_option_is_in_the_docs():
    page = (Path(__file__).parents[2] / "docs" / "agent.md").read_text()
    options = [option for parameter in gateway.params for option in parameter.opts]
    assert [option for option in options if f"`{option}" not in page] == []
