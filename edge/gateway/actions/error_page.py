"""The filter that shows pages of one's own in place of errors."""

from __future__ import annotations

from edge.gateway.actions.passage import Passage
from edge.gateway.http.head import ResponseHead
from edge.model.actions import ErrorPage
from edge.rules import names, templates
from edge.rules.decision import Answer


class Page:
    """In place of the answers of endpoints, and of the gateway's own."""

    def __init__(self, action: ErrorPage) -> None:
        """Raises TemplateError, a ValueError."""
        self._statuses = frozenset(action.statuses)
        self._status = action.status
        self._body = templates.compile_template(action.body, templates.in_body(action.content_type))
        self._content_type = names.data(action.content_type) if action.body else b""

    def replace(self, passage: Passage, status: int) -> Answer | None:
        if status not in self._statuses:
            return None
        body = self._body if isinstance(self._body, str) else self._body(passage.request)
        return Answer(self._status or status, names.data(body), self._content_type)

    def change(self, passage: Passage, response: ResponseHead) -> None:
        """An error page replaces answers whole; it changes none."""
