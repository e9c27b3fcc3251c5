"""Page rules made ready to run.

Enabled rules run in order; the actions of those that match add up; the first terminal action ends; when none did, the
decision is 404, and what came together until then is dropped. Within a rule the actions after its first terminal one
never run.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge.model.actions import HandlingAction
from edge.model.rule import Rule
from edge.rules.actions import compile_actions
from edge.rules.conditions import compile_condition
from edge.rules.decision import Handlers, Make
from edge.rules.finders import Finder
from edge.rules.index import Row, compile_index


def without_handlers(action: HandlingAction, rule: str) -> Handlers:
    """For those who only want to know where requests go."""
    return Handlers()


def compile_rules(rules: Sequence[Rule], make: Make = without_handlers) -> Finder:
    """Rules as what decides about requests; `make` makes the handlers of their gates and filters, once for each action.
    Raises ValueError for what `edge.rules.validate` would have refused."""
    return compile_index([_row(place, rule, make) for place, rule in enumerate(rules) if rule.enabled])


def _row(place: int, rule: Rule, make: Make) -> Row:
    try:
        checks = tuple(compile_condition(condition) for condition in rule.conditions)
        effects, terminal = compile_actions(rule, make)
    except ValueError as error:
        raise ValueError(f"rule {rule.name or rule.id}: {error}") from error
    return Row(place, rule.id, checks, effects, terminal)
