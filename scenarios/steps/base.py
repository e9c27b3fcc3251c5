"""What an action and an expectation are."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from msgspec import to_builtins

from scenarios.model import Need
from scenarios.values import Part
from scenarios.world import World


class Seen(NamedTuple):
    """What one look showed: whether the expectation holds, and what is there, for people."""

    holds: bool
    observed: str


class Action(Part):
    """Something that is done. Its docstring is its description in the JSON Schema."""

    needs: ClassVar[Need | None] = None  # what the target must have for it

    async def run(self, world: World) -> str:
        """Do it; what was done, for people. StepError or DemoError when it did not succeed."""
        raise NotImplementedError

    def needed(self) -> Need | None:
        """What the target must have for this very action."""
        return self.needs

    def title(self, name: str) -> str:
        return f"{name} {brief(to_builtins(self))}"


class Expectation(Part):
    """Something that can be looked at at any moment. `subject` is the key that names it in a file."""

    subject: ClassVar[str]

    async def look(self, world: World) -> Seen:
        """Look now. StepError, DemoError or httpx.HTTPError when it cannot be seen, which is not the same as false."""
        raise NotImplementedError

    def expected(self) -> str:
        """What it asks for, for people."""
        return brief(to_builtins(self))


def brief(value: Any) -> str:
    """A value as YAML would have it in one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_inner(item)}" for key, item in value.items())
    return str(value)


def _inner(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + brief(value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_inner(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
