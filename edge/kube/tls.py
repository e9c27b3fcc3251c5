"""How an API server's certificate is checked, and what failures mean in plain words."""

from __future__ import annotations

import errno
import socket
import ssl

from edge.kube.address import ClusterAddress
from edge.kube.fault import Fault


def context(address: ClusterAddress) -> ssl.SSLContext:
    """The TLS settings for this address; loading the system's authorities blocks for some milliseconds.

    Raises Fault("tls") when the CA certificate is not PEM.
    """
    if not address.ssl_verify:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
        return made
    try:
        made = ssl.create_default_context(cadata=address.ca_certificate or None)
    except (ssl.SSLError, ValueError) as error:
        raise Fault(
            "tls",
            "the CA certificate cannot be read: PEM text is expected, "
            "-----BEGIN CERTIFICATE----- up to -----END CERTIFICATE-----",
        ) from error
    # As Go's verifier does: a pasted intermediate or server certificate is an anchor by itself, and certificate
    # authorities that older kubeadm versions made, without key identifiers, are accepted.
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return made


def explain(error: BaseException, address: ClusterAddress) -> Fault:
    """A Fault for an exception of the transport, from the deepest cause that says something."""
    chain = _causes(error)
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Fault("tls", _verification(cause, address))
        if isinstance(cause, ssl.SSLError):
            return Fault("tls", _handshake(cause, address))
    for cause in chain:
        if isinstance(cause, socket.gaierror):
            return Fault("unreachable", f"the host name {address.host} cannot be resolved; check the name")
    for cause in reversed(chain):
        if isinstance(cause, OSError) and cause.errno is not None:
            return Fault("unreachable", f"{address.url} cannot be reached: {_os_error(cause)}")
    return Fault("unreachable", f"{address.url} broke the connection ({type(error).__name__})")


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    waiting: list[BaseException] = [error]
    while waiting and len(found) < 50:
        cause = waiting.pop(0)
        if any(cause is known for known in found):
            continue
        found.append(cause)
        if isinstance(cause, BaseExceptionGroup):
            waiting.extend(cause.exceptions)
        waiting.extend(next_cause for next_cause in (cause.__cause__, cause.__context__) if next_cause is not None)
    return found


def _os_error(error: OSError) -> str:
    if error.errno == errno.ECONNREFUSED:
        return "connection refused; check host and port, and that the API server runs"
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return "no route to the host; check the address and the network"
    if error.errno == errno.ECONNRESET:
        return "the connection was reset"
    return (error.strerror or type(error).__name__)[:200].lower()


def _verification(error: ssl.SSLCertVerificationError, address: ClusterAddress) -> str:
    said = (getattr(error, "verify_message", "") or "certificate verify failed")[:200]
    advice = "give the cluster's CA certificate"
    if "mismatch" in said or "not valid for" in said:
        advice = "register the API server under a name or address that its certificate holds"
    elif "expired" in said or "not yet valid" in said:
        advice = "renew the API server's certificate, or correct a clock"
    elif address.ca_certificate:
        advice = "the CA certificate given here did not sign the server's; give this cluster's own"
    return f"the certificate of {address.url} is not trusted: {said}; {advice}"


def _handshake(error: ssl.SSLError, address: ClusterAddress) -> str:
    reason = (getattr(error, "reason", "") or "handshake failed").replace("_", " ").lower()[:200]
    if reason in ("wrong version number", "http request", "unknown protocol", "record layer failure"):
        return f"{address.url} does not speak TLS ({reason}); check that the port is the API server's HTTPS port"
    return f"no TLS connection to {address.url}: {reason}"
