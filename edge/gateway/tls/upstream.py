"""HTTPS to endpoints: the context of an upstream, and what a person is told when its handshake fails."""

from __future__ import annotations

import ssl

from edge.clock import run_blocking
from edge.model.upstream import UpstreamTls

_CONTEXTS = 256
"""Contexts kept; beyond it they are begun anew. One with the system's CAs takes 10 to 20 ms to make."""


class ClientContexts:
    """Contexts by what upstreams say, made off the loop."""

    def __init__(self) -> None:
        self._contexts: dict[UpstreamTls, ssl.SSLContext] = {}

    def __repr__(self) -> str:
        return f"<ClientContexts {len(self._contexts)}>"

    async def get(self, tls: UpstreamTls) -> ssl.SSLContext:
        """The context for an upstream. Raises OSError (of which ssl.SSLError is one) or ValueError for CAs that cannot
        be used."""
        context = self._contexts.get(tls)
        if context is None:
            context = await run_blocking(lambda: _client_context(tls))
            if len(self._contexts) >= _CONTEXTS:
                self._contexts.clear()
            self._contexts[tls] = context
        return context


def _client_context(tls: UpstreamTls) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=tls.ca_certificate or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def explained(error: Exception) -> str:
    """Why a handshake with an endpoint failed, in a sentence."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the endpoint's certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"the endpoint's TLS handshake failed: {(error.reason or 'no reason given').lower().replace('_', ' ')}"
    return ""
