"""The gate that bounds a request's body. What counts and refuses is the request itself, as with `--body-limit`."""

from __future__ import annotations

from edge.gateway.actions.passage import Passage, Verdict
from edge.model.actions import LimitBody
from edge.rules.decision import Answer


class BodyLimit:
    """The gate; of several limits the smallest counts."""

    def __init__(self, action: LimitBody) -> None:
        self._size = action.size

    def enter(self, passage: Passage) -> Verdict | Answer:
        return passage.limit_body(self._size)
