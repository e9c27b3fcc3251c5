"""What is wrong with how an upstream's endpoints are checked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edge.model.health_check import HealthCheck
from edge.rules import limits
from edge.rules.problem import Problem, shown

_authority = re.compile(r"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?\Z").match


def check_health_check(check: HealthCheck) -> Iterator[Problem]:
    """Every problem, with fields like `interval`."""
    if not check.path.startswith("/") or len(check.path) > limits.VALUE or not _is_target(check.path):
        yield Problem("path", f"expected a path like /health?full=1, percent-encoded, but got {shown(check.path)}")
    if check.host and _authority(check.host) is None:
        yield Problem("host", f"expected a host, with or without a port, but got {shown(check.host)}")
    if len(check.statuses) > limits.ENTRIES:
        yield Problem("statuses", f"expected at most {limits.ENTRIES} status codes, but got {len(check.statuses)}")
    for index, status in enumerate(check.statuses[: limits.ENTRIES]):
        if not 200 <= status <= 599:
            yield Problem(f"statuses[{index}]", f"expected a status code from 200 to 599, but got {status}")
    for field, seconds in (("interval", check.interval), ("timeout", check.timeout)):
        if not 0.1 <= seconds <= limits.CHECK:
            yield Problem(field, f"expected seconds from 0.1 to {limits.CHECK}, but got {seconds}")
    for field, count in (("rise", check.rise), ("fall", check.fall)):
        if not 1 <= count <= limits.ENTRIES:
            yield Problem(field, f"expected checks in a row from 1 to {limits.ENTRIES}, but got {count}")
    if check.port is not None and not 1 <= check.port <= 65535:
        yield Problem("port", f"expected a port from 1 to 65535, but got {check.port}")


def _is_target(path: str) -> bool:
    return path.isascii() and not any(character <= " " or character in '#"<>\\^`{|}\x7f' for character in path)
