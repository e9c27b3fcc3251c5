"""Certificates in service, and the TLS contexts made of them.

A context is made when the first handshake needs it: an application may name certificates that nobody asks for, and one
costs about 50 KB. It belongs to one certificate and one demand on clients: as contexts share no session and no ticket
keys, a session resumed is never one that was begun under another demand. Where clients show certificates nothing is
resumed at all, so that each connection proves anew that its certificate has neither expired nor lost its issuer. That
takes more than no tickets: without them OpenSSL keeps sessions of TLS 1.2 in the context itself, which Python cannot
forbid, so a client that asks for one gets a context of its own, which knows none.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import structlog

from edge.gateway.tls.alerting import ServerContext
from edge.model import certificate as certificates
from edge.model.certificate import CertificateDocument, ClientCertificates
from edge.model.manifest import CertificateEntry

log = structlog.get_logger("edge.gateway.tls")

_CONTEXTS = 64
"""Contexts kept for one certificate; beyond it they are begun anew."""


class Certificate:
    """One certificate under one hash."""

    __slots__ = ("_contexts", "_document", "_names", "entry")

    def __init__(self, entry: CertificateEntry, document: CertificateDocument) -> None:
        self.entry = entry
        self._document = document
        self._names = dict.fromkeys(document.names)
        self._contexts: dict[ClientCertificates | None, ssl.SSLContext] = {}

    def __repr__(self) -> str:
        return f"<Certificate {self.entry.name} {', '.join(self._names)}>"

    def fits(self, host: str) -> int:
        """2: it names the host; 1: a wildcard of it does; 0: neither."""
        if host in self._names:
            return 2
        return int(f"*.{host.partition('.')[2]}" in self._names)

    def context(self, clients: ClientCertificates | None, resumes: bool = False) -> ssl.SSLContext:
        """The context for a connection of an application that asks this of its clients; `resumes` tells that the client
        would go on with a session of TLS 1.2. Raises OSError (of which ssl.SSLError is one) and ValueError when OpenSSL
        does not take what the Admin took."""
        if resumes and clients is not None:
            return _server_context(self._document, clients)
        context = self._contexts.get(clients)
        if context is None:
            if len(self._contexts) >= _CONTEXTS:
                self._contexts.clear()
            context = self._contexts[clients] = _server_context(self._document, clients)
        return context


def take(
    entries: Iterable[CertificateEntry], bodies: Mapping[str, bytes], before: Mapping[str, Certificate]
) -> dict[str, Certificate]:
    """The certificates of a manifest by id. One that cannot be read goes on as it was, and the log says so."""
    taken: dict[str, Certificate] = {}
    for entry in entries:
        old = before.get(entry.certificate)
        if old is not None and old.entry.hash == entry.hash:
            taken[entry.certificate] = old
            continue
        try:
            taken[entry.certificate] = Certificate(entry, certificates.decode(bodies[entry.hash]))
        except Exception as error:  # what it holds is secret: only the kind of the failure is said
            log.error("a certificate cannot be read", certificate=entry.name, reason=type(error).__name__)
            if old is not None:
                taken[entry.certificate] = old
    return taken


def _server_context(document: CertificateDocument, clients: ClientCertificates | None) -> ssl.SSLContext:
    context = ServerContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    with _private_file(f"{document.key.strip()}\n{document.chain}".encode()) as file:
        context.load_cert_chain(file, password=lambda: b"")  # never asked on a terminal
    if clients is not None:
        context.load_verify_locations(cadata=clients.ca_certificate)
        context.verify_mode = ssl.CERT_REQUIRED if clients.mode == "required" else ssl.CERT_OPTIONAL
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
    return context


@contextmanager
def _private_file(data: bytes) -> Iterator[str]:
    """A file that only this process can read, since OpenSSL is given certificates by path here; on Linux in memory."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("certificate")
        try:
            os.write(descriptor, data)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
    else:
        import tempfile

        with tempfile.NamedTemporaryFile() as file:  # mode 0600
            file.write(data)
            file.flush()
            yield file.name
