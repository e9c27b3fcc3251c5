"""The words of Edge as frozen data. No I/O; imports nothing of Edge."""

from edge.model.document import ApplicationDocument
from edge.model.endpoint import Endpoint
from edge.model.manifest import Manifest, ManifestEntry
from edge.model.revision import NOTHING, Revision
from edge.model.rule import (
    Action,
    Condition,
    Proxy,
    Redirect,
    RemoveRequestHeader,
    RemoveResponseHeader,
    Respond,
    RewritePath,
    Rule,
    SetRequestHeader,
    SetResponseHeader,
    TerminalAction,
)
from edge.model.source import Source, SourceState
from edge.model.upstream import Server, Upstream

__all__ = [
    "NOTHING",
    "Action",
    "ApplicationDocument",
    "Condition",
    "Endpoint",
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
]
