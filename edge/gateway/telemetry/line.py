"""The access line of a request where no fields were chosen."""

from __future__ import annotations

import msgspec


class Line(msgspec.Struct, frozen=True, gc=False):
    """One request, unless other fields were chosen. `time` is when it began in Unix seconds, `seconds` how long it
    took, `sent` the bytes of the answer, `attempts` how many endpoints were asked. Neither query strings nor header
    values are logged: they carry secrets."""

    time: float
    request_id: str
    client: str
    application: str
    method: str
    host: str
    path: str
    status: int
    sent: int
    seconds: float
    upstream: str = ""
    endpoint: str = ""
    attempts: int = 0
    error: str = ""
