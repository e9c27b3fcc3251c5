"""From posted fields to the API's bodies, and from the API's errors back to the fields they speak of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from edge.admin.api.explanation import explain
from edge.admin.errors import AdminError, Stale

B = TypeVar("B")


def body(kind: type[B], values: Mapping[str, Any]) -> B:
    """`values` as a `kind`; Invalid names the field, in the API's words, when one does not fit."""
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise explain(error, values, kind) from None


def optional(text: object) -> str | None:
    """The text of a field, None when it was left empty."""
    stripped = str(text or "").strip()
    return stripped or None


def pem(text: object) -> str:
    """The text of a field with PEM in it as files have it, ending with its last line's end; empty when it is."""
    stripped = str(text or "").strip()
    return f"{stripped}\n" if stripped else ""


def lines(text: object) -> list[str]:
    """The lines of a text area that are not empty."""
    return [line.strip() for line in str(text or "").splitlines() if line.strip()]


def version(form: Mapping[str, Any]) -> str | None:
    """The entity tag of what the form was filled in from, which it brings along; None from a form without."""
    return optional(form.get("version"))


class Errors:
    """What to show beside the fields of a form that was refused. Falsy when there is nothing."""

    def __init__(self, error: AdminError | None = None) -> None:
        self._error = error

    def __bool__(self) -> bool:
        return self._error is not None

    @property
    def status(self) -> int:
        return 200 if self._error is None else self._error.status

    @property
    def message(self) -> str:
        if isinstance(self._error, Stale):
            return (
                "somebody else changed this since you opened it. What you see is what you wrote: "
                "saving it again puts it in place of theirs; open the page anew to see theirs"
            )
        return "" if self._error is None else self._error.message

    def version(self, current: str, sent: str | None) -> str:
        """What the form, shown (again), is held to be made from: what is there now, once the person has been told."""
        return current if sent is None or isinstance(self._error, Stale) else sent

    @property
    def field(self) -> str:
        return "" if self._error is None or self._error.field is None else self._error.field

    def at(self, *fields: str) -> str:
        """The message, if it speaks of one of these fields or of something inside them."""
        for name in fields:
            if self.field == name or self.field.startswith((f"{name}.", f"{name}[")):
                return self.message
        return ""
