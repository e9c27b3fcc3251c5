"""What a pod's `simulator/…` annotations ask of it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from simulator.objects import durations

PREFIX = "simulator/"


class Behaviour(msgspec.Struct, frozen=True):
    """Seconds each; `status` 0 means what the path asks for, `crash_after` 0 means never. One that is not `ready`
    serves on, but is not Ready, whatever its probes find.

    Images are there already, unless pulling them takes `pull_after`, or fails with `pull_error`.
    """

    ready_after: float = 0.3
    ends_after: float = 2.0
    latency: float = 0.0
    status: int = 0
    crash_after: float = 0.0
    pull_after: float = 0.0
    pull_error: str = ""
    ready: bool = True


USUAL = Behaviour()

_DURATIONS = {
    "ready-after": "ready_after",
    "ends-after": "ends_after",
    "latency": "latency",
    "crash-after": "crash_after",
    "pull-after": "pull_after",
}


def parse(annotations: Mapping[str, str]) -> tuple[Behaviour, tuple[str, ...]]:
    """The behaviour, and one sentence for each annotation that could not be understood (its default holds)."""
    if not annotations:
        return USUAL, ()
    fields: dict[str, float | int | str | bool] = {}
    problems: list[str] = []
    for key, value in annotations.items():
        if not key.startswith(PREFIX):
            continue
        name = key[len(PREFIX) :]
        try:
            if name in _DURATIONS:
                fields[_DURATIONS[name]] = durations.seconds(value)
            elif name == "status":
                fields["status"] = _status(value)
            elif name == "pull-error":
                fields["pull_error"] = value
            elif name == "ready":
                fields["ready"] = _truth(value)
            else:
                expected = ", ".join(sorted([*_DURATIONS, "pull-error", "ready", "status"]))
                problems.append(f"annotation {key}: unknown, expected one of {expected}")
        except ValueError as error:
            problems.append(f"annotation {key}: {error}")
    return msgspec.convert(fields, Behaviour), tuple(problems)


def _status(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 200 <= int(value) <= 599:
        raise ValueError(f"expected an HTTP status from 200 to 599, got {value!r}")
    return int(value)


def _truth(value: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError(f"expected true or false, got {value!r}")
    return value == "true"
