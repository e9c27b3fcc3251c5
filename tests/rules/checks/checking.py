"""What the checks of a rule find in one condition or action."""

from edge.model.actions import Action, Proxy
from edge.model.rule import Condition, Rule
from edge.rules.compile import compile_rules
from edge.rules.validate import problems


def one(condition: Condition | None, action: Action | None) -> Rule:
    """A rule of no more than this."""
    conditions = () if condition is None else (condition,)
    return Rule("r", conditions=conditions, actions=(action or Proxy("u"),))


def fields(condition: Condition | None = None, action: Action | None = None) -> list[str]:
    """The fields that are refused; every refusal has a message."""
    found = problems(one(condition, action), ["u", "v"])
    assert all(problem.message for problem in found)
    return [problem.field for problem in found]


def compiles(condition: Condition | None = None, action: Action | None = None) -> bool:
    """Whether nothing is refused; what is not refused must compile."""
    refused = fields(condition, action)
    if not refused:
        compile_rules([one(condition, action)])
    return not refused
