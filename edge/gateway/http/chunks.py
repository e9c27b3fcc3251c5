"""The chunked coding, read strictly and written anew (RFC 9112 section 7.1).

Extensions and trailers are checked and dropped: an endpoint that reads them differently from us would see another
message. Memory is bounded: only an incomplete line is ever held.
"""

from __future__ import annotations

import re
from typing import Final

from edge.gateway.http.head import MalformedError

_LINE_LIMIT: Final = 256
_TRAILER_LIMIT: Final = 8192
_TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED: Final = rb'"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"'
_size_line: Final = re.compile(
    rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[ \t]*" + _TOKEN + rb"(?:[ \t]*=[ \t]*(?:" + _TOKEN + rb"|" + _QUOTED + rb"))?)*\Z"
).match
_trailer_line: Final = re.compile(_TOKEN + rb":[\t\x20-\x7e\x80-\xff]*\Z").match

LAST: Final = b"0\r\n\r\n"
"""The last chunk with an empty trailer section."""

_SIZE: Final = 0
_DATA: Final = 1
_DATA_END: Final = 2
_TRAILER: Final = 3


def encode(data: bytes) -> bytes:
    """`data` as one chunk; empty data has no chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


class ChunkReader:
    """Reads one chunked body, fed in any pieces."""

    __slots__ = ("_held", "_remaining", "_state", "_trailers")

    def __init__(self) -> None:
        self._state = _SIZE
        self._remaining = 0
        self._trailers = 0
        self._held = b""

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """(the payload in `data`, what follows the body, or None while it has not ended). Raises MalformedError."""
        if self._held:
            data = self._held + data
            self._held = b""
        payload: list[bytes] = []
        position = 0
        end = len(data)
        while True:
            if self._state == _DATA:
                stop = min(position + self._remaining, end)
                payload.append(data[position:stop])
                self._remaining -= stop - position
                position = stop
                if self._remaining:
                    return b"".join(payload), None
                self._state = _DATA_END
            if self._state == _DATA_END:
                ending = data[position : position + 2]
                if ending != b"\r\n":
                    if not b"\r\n".startswith(ending):
                        raise MalformedError(400, "a chunk is not followed by CRLF")
                    self._held = ending
                    return b"".join(payload), None
                position += 2
                self._state = _SIZE
            stop = data.find(b"\n", position)
            if stop < 0:
                self._held = data[position:]
                if len(self._held) > _LINE_LIMIT:
                    raise MalformedError(400, f"a chunk's size line is longer than {_LINE_LIMIT} bytes")
                return b"".join(payload), None
            line = data[position:stop]
            position = stop + 1
            if line[-1:] != b"\r" or len(line) > _LINE_LIMIT:
                raise MalformedError(400, "a line between chunks does not end in CRLF, or is too long")
            line = line[:-1]
            if self._state == _SIZE:
                size = _size_line(line)
                if size is None:
                    raise MalformedError(
                        400, "a chunk does not begin with a hexadecimal size, or its extension is malformed"
                    )
                self._remaining = int(size.group(1), 16)
                self._state = _DATA if self._remaining else _TRAILER
            elif not line:
                return b"".join(payload), data[position:]
            else:
                self._trailers += len(line)
                if _trailer_line(line) is None or self._trailers > _TRAILER_LIMIT:
                    raise MalformedError(400, "a trailer is not a header field, or there are too many")
