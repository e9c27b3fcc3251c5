"""Event logs on standard error: readable on a terminal, one JSON object a line elsewhere."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog


def printable(text: str) -> str:
    """Text of somebody else as a terminal or a log may be given it: controls, line ends, separators and direction marks
    stand as their escapes."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def _escape(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A renderer for people writes strings as they are, so what a client said could speak to the terminal."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = printable(value)
    return event


def _traceback(stream: TextIO, info: Any) -> None:
    """A plain traceback: the richer ones show local variables, and with them tokens and headers."""
    written = io.StringIO()
    structlog.dev.plain_traceback(written, info)
    stream.write("\n".join(map(printable, written.getvalue().split("\n"))))


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Set up structlog for this process; `level` is debug, info, warning or error; `stream` is standard error unless
    given."""
    stream = stream or sys.stderr
    terminal = stream.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=_traceback)
        if terminal
        else structlog.processors.JSONRenderer()
    )
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    processors.append(_escape if terminal else structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
