"""What a caller did wrong, as the API and the console both say it."""

from __future__ import annotations


class AdminError(Exception):
    """An answer that is not success: HTTP `status`, a stable `code`, a sentence, and the body's field it speaks of."""

    status = 500
    code = "error"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class BadRequest(AdminError):
    """The request itself could not be read."""

    status, code = 400, "bad-request"


class Unauthorized(AdminError):
    """Nobody we know asks."""

    status, code = 401, "unauthorized"


class Forbidden(AdminError):
    """The caller's role does not allow this."""

    status, code = 403, "forbidden"


class NotFound(AdminError):
    """No such thing, or none that the caller may see."""

    status, code = 404, "not-found"


class Conflict(AdminError):
    """Something that exists is in the way; the message names it."""

    status, code = 409, "conflict"


class Stale(Conflict):
    """What was to be written over is no longer what the caller read."""


class TooLarge(AdminError):
    """The body is larger than is taken."""

    status, code = 413, "too-large"


class Invalid(AdminError):
    """The body was read, but a field has a value that cannot be taken."""

    status, code = 422, "invalid"


class TooManyRequests(AdminError):
    """Too many attempts; try again later."""

    status, code = 429, "too-many-requests"


class Unavailable(AdminError):
    """The database cannot be reached at the moment; the same request may succeed later."""

    status, code = 503, "unavailable"
