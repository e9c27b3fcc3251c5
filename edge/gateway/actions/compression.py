"""Compressing answers for clients that can read them so: zstd, Brotli and gzip, as the body streams.

What is sent otherwise must say so (RFC 9110): `Vary: Accept-Encoding` on every answer that could have been compressed
(12.5.5), also on the one that was not; a strong ETag names exactly these bytes and becomes a weak one (8.8.3);
what counted or summed up the bytes goes. Left as they are: answers with a coding already (8.4), parts (206), answers
that must not be transformed (RFC 9111 5.2.2.6), what is too small or of another type.

Streams. An answer whose length nobody knows may be a stream of events: every piece that comes from the endpoint leaves
at once (`flush`). One whose length is known is coming anyway, and is compressed better without.

Memory of one answer is bounded by small windows, whatever its size: measured 0.3 MB for gzip, 1.2–1.6 for Brotli, up to
2.2 for zstd.
The compressors are loaded when the first answer needs one.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Protocol

from edge.gateway.actions.passage import Passage
from edge.gateway.actions.varying import with_vary
from edge.gateway.http.head import CHUNKED, ResponseHead
from edge.model.actions import Compress
from edge.model.actions.content import Encoding
from edge.rules.decision import Answer

_WINDOW = 18
_SUMS = frozenset((b"content-md5", b"content-digest", b"digest", b"repr-digest", b"accept-ranges"))
"""Fields that speak of the bytes as they were."""


class Compressor(Protocol):
    """One body's."""

    def compress(self, data: bytes) -> bytes: ...

    def flush(self) -> bytes:
        """What is needed to read all that went in until now."""

    def finish(self) -> bytes: ...


class Compression:
    """The filter."""

    def __init__(self, action: Compress) -> None:
        self._encodings = action.encodings
        self._level = action.level
        self._min_size = action.min_size
        self._types = frozenset(kind.encode() for kind in action.types if not kind.endswith("/*"))
        self._families = tuple(kind[:-1].encode() for kind in action.types if kind.endswith("/*"))

    def replace(self, passage: Passage, status: int) -> Answer | None:
        """No answer is replaced by another."""
        return None

    def change(self, passage: Passage, response: ResponseHead) -> Stream | None:
        unchanged = response.status == 304
        if not unchanged and not self._may(response):
            return None
        accepted = passage.request.header(b"accept-encoding")
        encoding = None if accepted is None else choose(accepted, self._encodings)
        fields = with_vary(response.fields, b"Accept-Encoding")
        if encoding is not None:
            fields = [(name, _weak(value) if name == b"etag" else value) for name, value in fields]
        response.fields = fields
        if encoding is None or unchanged:
            return None
        fields[:] = [field for field in fields if field[0] not in _SUMS]
        fields.append((b"content-encoding", encoding.encode()))
        response.declared = None
        if response.length == 0:  # HEAD: the same fields without a body
            return None
        streamed = response.length < 0
        response.length = CHUNKED
        return Stream(_MAKERS[encoding](self._level), streamed)

    def _may(self, response: ResponseHead) -> bool:
        """Whether an answer is one of those to compress."""
        if response.status < 200 or response.status in (204, 206):
            return False
        size = response.length if response.length != 0 else int(response.declared or 0)
        if response.length >= 0 and size < max(self._min_size, 1):
            return False
        kind = b""
        for name, value in response.fields:
            if name in (b"content-encoding", b"content-range"):
                return False
            if name == b"cache-control" and b"no-transform" in value.lower():
                return False
            if name == b"content-type":
                kind = value.partition(b";")[0].strip().lower()
        return kind in self._types or (bool(self._families) and kind.startswith(self._families))


class Stream:
    """The transform of one body; `streamed` sends on at once what came."""

    __slots__ = ("_compressor", "_streamed")

    def __init__(self, compressor: Compressor, streamed: bool) -> None:
        self._compressor = compressor
        self._streamed = streamed

    def feed(self, data: bytes, ended: bool) -> bytes:
        compressed = self._compressor.compress(data) if data else b""
        if ended:
            return compressed + self._compressor.finish()
        return compressed + self._compressor.flush() if data and self._streamed else compressed


def choose(accepted: str, encodings: Sequence[Encoding]) -> Encoding | None:
    """The one of `encodings` that the client wants most, the first of equals; None when it wants the plain bytes.

    Source: RFC 9110 12.5.3. `*` stands for what is not named, `q=0` refuses, `x-gzip` is gzip (8.4.1.3).
    """
    weights: dict[str, float] = {}
    for entry in accepted.lower().split(","):
        name, _, parameters = entry.partition(";")
        weight = _weight(parameters)
        if weight is not None:
            weights[name.strip().removeprefix("x-")] = weight
    rest = weights.get("*", 0.0)
    best, most = None, weights.get("identity", 0.0)
    for encoding in encodings:
        weight = weights.get(encoding, rest)
        if weight > 0 and (weight > most or (best is None and weight == most)):
            best, most = encoding, weight
    return best


def _weight(parameters: str) -> float | None:
    """Of `q=0.5`; None for what is no weight: then the entry counts for nothing."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return None
            return weight if 0 <= weight <= 1 else None
    return 1.0


def _weak(etag: bytes) -> bytes:
    return etag if etag.startswith(b"W/") else b"W/" + etag


class _Gzip:
    def __init__(self, level: int | None) -> None:
        self._object = zlib.compressobj(level or 5, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        self.compress = self._object.compress

    def flush(self) -> bytes:
        return self._object.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._object.flush(zlib.Z_FINISH)


class _Brotli:
    def __init__(self, level: int | None) -> None:
        import brotli

        quality = level or 4
        # From quality 5 on the tables grow with the window: 33 MB at 9 with 2^18, 1.6 MB with 2^16.
        compressor = brotli.Compressor(quality=quality, lgwin=_WINDOW if quality < 5 else 16)
        self.compress: Callable[[bytes], bytes] = compressor.process
        self.flush: Callable[[], bytes] = compressor.flush
        self.finish: Callable[[], bytes] = compressor.finish


class _Zstandard:
    def __init__(self, level: int | None) -> None:
        import zstandard

        parameters = zstandard.ZstdCompressionParameters.from_level(level or 3, source_size=1 << _WINDOW)
        self._object = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        self.compress: Callable[[bytes], bytes] = self._object.compress
        self._flush_block = zstandard.COMPRESSOBJ_FLUSH_BLOCK
        self._finish = zstandard.COMPRESSOBJ_FLUSH_FINISH

    def flush(self) -> bytes:
        return self._object.flush(self._flush_block)

    def finish(self) -> bytes:
        return self._object.flush(self._finish)


_MAKERS: dict[Encoding, Callable[[int | None], Compressor]] = {"zstd": _Zstandard, "br": _Brotli, "gzip": _Gzip}
