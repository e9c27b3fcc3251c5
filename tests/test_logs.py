import json
import os
import pty

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
    token = "-".join(("a-secret", "in", "a-local", "variable"))
    assert token
    raise ValueError("broken")


def everything(descriptor):
    pieces = []
    try:
        while piece := os.read(descriptor, 65536):
            pieces.append(piece)
    except BlockingIOError:
        pass
    return b"".join(pieces).decode()


@pytest.fixture
def terminal():
    """A terminal to write to, and what was written."""
    reading, writing = pty.openpty()
    with os.fdopen(writing, "w", buffering=1) as screen:
        os.set_blocking(reading, False)
        yield screen, lambda: everything(reading)
    os.close(reading)


def test_on_a_terminal_an_error_shows_its_traceback_but_no_local_variables(terminal):
    screen, shown = terminal
    try:
        logs.configure(stream=screen)
        try:
            fail_with_a_secret()
        except ValueError:
            structlog.get_logger().exception("it failed")
    finally:
        structlog.reset_defaults()
    text = shown()
    assert "ValueError" in text
    assert "a-secret-in-a-local-variable" not in text
