"""The words of Edge as frozen data. No I/O; imports nothing of Edge."""

from edge.model.actions import (
    Action,
    Proxy,
    Redirect,
    RemoveRequestHeader,
    RemoveResponseHeader,
    Respond,
    RewritePath,
    SetRequestHeader,
    SetResponseHeader,
    TerminalAction,
)
from edge.model.certificate import CertificateDocument, ClientCertificates
from edge.model.document import ApplicationDocument
from edge.model.endpoint import Endpoint
from edge.model.manifest import CertificateEntry, KeyEntry, Manifest, ManifestEntry
from edge.model.revision import NOTHING, Revision
from edge.model.rule import Condition, Rule
from edge.model.source import Source, SourceState
from edge.model.upstream import Server, Upstream, UpstreamTls

__all__ = [
    "NOTHING",
    "Action",
    "ApplicationDocument",
    "CertificateDocument",
    "CertificateEntry",
    "ClientCertificates",
    "Condition",
    "Endpoint",
    "KeyEntry",
    "Manifest",
    "ManifestEntry",
    "Proxy",
    "Redirect",
    "RemoveRequestHeader",
    "RemoveResponseHeader",
    "Respond",
    "Revision",
    "RewritePath",
    "Rule",
    "Server",
    "SetRequestHeader",
    "SetResponseHeader",
    "Source",
    "SourceState",
    "TerminalAction",
    "Upstream",
    "UpstreamTls",
]
