"""Who a TLS connection is for: chosen from the server name, and held against every request's Host.

The application of the server name decides the certificate and what is asked of clients; without a name, or with one
that nobody has, it is the partition's default application. A request on the connection may be for that application
only: another's demands were not met here (RFC 9110 15.5.20, 421; RFC 8446 lets clients try a connection of its own).
What counts is what is served *now*: a connection goes on when the name has moved, and its new application asks for no
more than what was shown; it does not when a release has changed what clients must show.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.gateway.snapshot import Application, Snapshot
    from edge.gateway.tls.certificates import Certificate
    from edge.gateway.tls.hello import Hello
    from edge.model.certificate import ClientCertificates


class Secured:
    """What was agreed on in a connection's handshake; `name` is the server's that the client asked for."""

    __slots__ = ("_application", "_clients", "name")

    def __init__(self, name: str, application: Application) -> None:
        self.name = name
        self._application = application.id
        self._clients: ClientCertificates | None = application.clients

    def __repr__(self) -> str:
        return f"<Secured {self.name or 'no name'}>"

    def is_for(self, application: Application, snapshot: Snapshot) -> bool:
        """Whether a request on this connection may be for `application`."""
        if application.clients != self._clients:
            return False
        if application.id == self._application:
            return True
        return snapshot.find(self.name) is application


def refusal(secured: Secured | None, application: Application, snapshot: Snapshot) -> tuple[int, str] | None:
    """The status and the reason for a request that its connection (None: not over TLS) may not ask of `application`."""
    if secured is not None:
        if secured.is_for(application, snapshot):
            return None
        return 421, "this connection was opened for another host; ask on one of its own"
    if application.clients is None or application.clients.mode == "optional":
        return None
    return 403, "this host is answered over HTTPS only, to clients that show a certificate"


def choose(hello: Hello, snapshot: Snapshot) -> tuple[Secured, ssl.SSLContext] | None:
    """For a client that says this: what to agree on, and with which context. None: nobody has a certificate for the
    server that it names. Raises OSError or ValueError when the certificate is of no use."""
    name = hello.server_name
    application = snapshot.find(name)
    if application is None:
        return None
    certificate = _best(name, application, snapshot)
    if certificate is None and (default := snapshot.find("")) is not None:
        certificate = _best(name, default, snapshot)
    if certificate is None:
        return None
    return Secured(name, application), certificate.context(application.clients, hello.resumes)


def _best(name: str, application: Application, snapshot: Snapshot) -> Certificate | None:
    """The certificate that names the host, else one with a wildcard for it, else the first."""
    known = (snapshot.certificates.get(id) for id in application.document.certificates)
    found = [certificate for certificate in known if certificate is not None]
    return max(found, key=lambda certificate: certificate.fits(name), default=None)
