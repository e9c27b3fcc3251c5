"""Handshakes that say why they fail.

OpenSSL writes an alert for the client (no cipher in common, no certificate, one of an unknown authority …) where the
event loop, which gives the connection up at once, never sends it. So a handshake's alert is taken from where OpenSSL
wrote it and goes with the error to whoever awaits the handshake.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import MemoryBIO, SSLSession


class _Handshake(ssl.SSLObject):
    outgoing: MemoryBIO

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            error.alert = self.outgoing.read()  # type: ignore[attr-defined]
            raise


class ServerContext(ssl.SSLContext):
    """A context whose failed handshakes raise an ssl.SSLError that `alert_of` knows what to say of."""

    sslobject_class = _Handshake

    def wrap_bio(
        self,
        incoming: MemoryBIO,
        outgoing: MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: SSLSession | None = None,
    ) -> ssl.SSLObject:
        """As the event loops call it."""
        connection = super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)
        assert isinstance(connection, _Handshake)
        connection.outgoing = outgoing
        return connection


def alert_of(error: BaseException) -> bytes:
    """What to send the client of a failed handshake, encrypted if it has come so far; empty: nothing."""
    alert = getattr(error, "alert", b"")
    assert isinstance(alert, bytes)
    return alert
