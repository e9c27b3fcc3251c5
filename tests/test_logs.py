import json

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
