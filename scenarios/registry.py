"""Every step that a file may name: Edge's own, and those of other packages.

A package brings a step with an entry point of the group `edge.scenario_steps`: its name is the key in the file, its
object a class that derives from `scenarios.steps.base.Action` or `Expectation`. One that cannot be used harms only the
files that name it: why is kept in `unusable`, and said there. Classes are loaded when first asked for and not while
`scenarios.steps` is imported, because their modules import it, too.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

import msgspec

from scenarios.model import Modifiers
from scenarios.steps import ACTIONS, EXPECTATIONS, SHORT
from scenarios.steps.base import Action, Expectation

GROUP = "edge.scenario_steps"
RESERVED = ("expect", *(field.encode_name for field in msgspec.structs.fields(Modifiers)))
NAME = re.compile(r"[a-z][a-z0-9_-]*")


class Registry(msgspec.Struct, frozen=True):
    """By the key that names them in a file. `short`: actions that may be written with their one value."""

    actions: dict[str, type[Action]]
    expectations: dict[str, type[Expectation]]
    short: dict[str, str]
    unusable: dict[str, str] = {}


@functools.cache
def registry() -> Registry:
    """The steps of this installation."""
    return gather(entry_points(group=GROUP))


def gather(found: Iterable[EntryPoint]) -> Registry:
    """Edge's own steps and those that entry points name."""
    made = Registry(dict(ACTIONS), dict(EXPECTATIONS), dict(SHORT), {})
    for entry in sorted(found, key=lambda entry: (entry.name, entry.value)):
        reason = _add(entry, made)
        if reason:
            package = f" of {entry.dist.name}" if entry.dist is not None else ""
            made.unusable[entry.name] = f"the step{package} ({entry.value}) cannot be used: {reason}"
    return made


def _add(entry: EntryPoint, made: Registry) -> str:
    """Why it cannot be added; empty when it was."""
    if entry.name in {**made.actions, **made.expectations, **dict.fromkeys(RESERVED)}:
        return f"{entry.name!r} means something in a scenario file already"
    if not NAME.fullmatch(entry.name):
        return "its name may have a-z, 0-9, - and _ only, and begins with a letter"
    try:
        kind = entry.load()
    except Exception as error:  # whatever somebody else's module raises is that package's fault, and is said
        return f"{type(error).__name__}: {error}"
    if isinstance(kind, type) and issubclass(kind, Action):
        made.actions[entry.name] = kind
    elif isinstance(kind, type) and issubclass(kind, Expectation):
        if getattr(kind, "subject", None) != entry.name:
            return f"an expectation's `subject` is its entry point's name, {entry.name!r}"
        made.expectations[entry.name] = kind
    else:
        return "it is neither an Action nor an Expectation of scenarios.steps.base"
    return ""
