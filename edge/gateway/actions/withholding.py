"""Headers that only the gateway may set: what a client sends in them never reaches an endpoint."""

from __future__ import annotations

from collections.abc import Sequence

from edge.gateway.actions.passage import Passage


def withhold(passage: Passage, names: Sequence[bytes]) -> None:
    """Take these headers out of the request, also those that only servers read as them which turn underscores into
    dashes (CGI, WSGI). What gates set afterwards goes on."""
    edits = passage.request_edits
    edits += [(name, None) for name in names]
    for name, _ in passage.head.fields:
        if b"_" in name and name.replace(b"_", b"-") in names:
            edits.append((name, None))
