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


def test_a_terminal_is_shown_what_somebody_else_said_and_does_not_obey_it(terminal):
    screen, shown = terminal
    try:
        logs.configure(stream=screen)
        structlog.get_logger().warning("refused\x1b[2J", reason="a\nb\u009b31mc\u202ed")
        try:
            raise ValueError("said\x1b]0;title\x07 more")
        except ValueError:
            structlog.get_logger().exception("it failed")
    finally:
        structlog.reset_defaults()
    text = shown()
    assert r"refused\x1b[2J" in text
    assert r"a\nb\x9b31mc\u202ed" in text
    assert r"said\x1b]0;title\x07 more" in text
    assert "Traceback" in text
    assert "\x1b]0" not in text
