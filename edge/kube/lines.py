"""Lines out of a stream that is cut into pieces anywhere."""

from __future__ import annotations


class LineTooLong(ValueError):
    """A line grew beyond the limit without ending."""


class LineBuffer:
    """Reassembles lines from chunks of any size; a line is at most `limit` bytes. Cost: linear in the bytes fed."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._held = 0

    def __repr__(self) -> str:
        return f"<LineBuffer held={self._held} limit={self._limit}>"

    @property
    def incomplete(self) -> bool:
        """Whether a line has begun that has not ended."""
        return any(not part.isspace() for part in self._parts)

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` completes, without their ends, empty ones left out. Raises LineTooLong."""
        end = chunk.rfind(b"\n")
        if end < 0:
            self._hold(chunk)
            return []
        whole = chunk[:end]
        if self._parts:
            self._parts.append(whole)
            whole = b"".join(self._parts)
            self._parts.clear()
            self._held = 0
        lines = [line for line in whole.split(b"\n") if line and not line.isspace()]
        if any(len(line) > self._limit for line in lines):
            raise LineTooLong(f"a line of more than {self._limit} bytes")
        if end + 1 < len(chunk):
            self._hold(chunk[end + 1 :])
        return lines

    def _hold(self, part: bytes) -> None:
        self._held += len(part)
        if self._held > self._limit:
            raise LineTooLong(f"a line of more than {self._limit} bytes")
        self._parts.append(part)
