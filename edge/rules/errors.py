"""What a client's request can do wrong in the eyes of the page rules."""

from __future__ import annotations


class BadRequestError(ValueError):
    """The client's fault: answer 400. `reason` is a short sentence that is safe to send back."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadPathError(BadRequestError):
    """The path cannot be normalised: a broken percent escape, a NUL, or a way out above the root."""


class UnsafeValueError(BadRequestError):
    """A value taken from the request would put CR, LF or NUL into a header."""
