import json
import os
import pty
import sys

import pytest
import structlog

from edge import logs


def test_away_from_a_terminal_an_event_is_one_json_object_a_line(capsys):
    try:
        logs.configure()
        structlog.get_logger().info("hello", answer=42)
    finally:
        structlog.reset_defaults()
    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "hello"
    assert line["answer"] == 42
    assert line["level"] == "info"


def fail_with_a_secret():
    token = "a-secret-in-a-local-variable"  # noqa: F841 - this is what must not be shown
    raise ValueError("broken")


@pytest.fixture
def terminal(monkeypatch):
    """A standard error that is a terminal; what was written to it."""
    reading, writing = pty.openpty()
    with os.fdopen(writing, "w") as screen:
        monkeypatch.setattr(sys, "stderr", screen)
        yield lambda: (screen.flush(), os.read(reading, 65536).decode())[1]
    os.close(reading)


def test_on_a_terminal_an_error_shows_its_traceback_but_no_local_variables(terminal):
    try:
        logs.configure()
        try:
            fail_with_a_secret()
        except ValueError:
            structlog.get_logger().exception("it failed")
    finally:
        structlog.reset_defaults()
    shown = terminal()
    assert "ValueError" in shown
    assert "a-secret-in-a-local-variable" not in shown.replace('token = "a-secret-in-a-local-variable"  # noqa', "")
