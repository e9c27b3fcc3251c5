"""The work as this gateway's: a snapshot on disk, from which agent and worker start while the Admin is away."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from edge.gateway.agent import disk
from edge.model import (
    ApplicationDocument,
    Endpoint,
    Manifest,
    ManifestEntry,
    Revision,
    Rule,
    Source,
    SourceState,
    Upstream,
    certificate,
    document,
)
from edge.model.certificate import CertificateDocument
from edge.model.manifest import CertificateEntry
from edge.model.upstream import Server
from edge.wire.content import Content
from loadtests.peers.certificate import Files
from loadtests.peers.work import DEBUG, DENIED, MARK, MOVED, REFUSED_METHOD, SECURED, UPLOAD, Ports, Work

_PARTITION = "p1"
_CERTIFICATE = "c1"


def command(ports: Ports, status: int, folder: Path) -> list[str]:
    """The gateway's own command, as an operator starts it; nobody listens at the Admin's address."""
    return [
        str(Path(sys.executable).with_name("edge")), "gateway", "--admin", "http://127.0.0.1:9", "--name", "peers",
        "--listen", f"127.0.0.1:{ports.plain}", "--tls-listen", f"127.0.0.1:{ports.tls}",
        "--status-listen", f"127.0.0.1:{status}", "--data-dir", str(folder / "data"),
        "--access-log", str(folder / "access.log"),
    ]  # fmt: skip


def write_snapshot(work: Work, folder: Path) -> None:
    """What an agent starts from."""
    data = folder / "data"
    data.mkdir(mode=0o700)
    (data / "snapshot").write_bytes(disk.encode(content(work)))


def content(work: Work) -> Content:
    """Every application has a Kubernetes upstream of its own with one endpoint, the backend."""
    documents = {}
    entries = []
    sources = {}
    for number in range(work.applications):
        source = Source("cluster", "shops", f"shop{number:04}", 80)
        sources[source.key] = SourceState(source, Revision(1, 1), (Endpoint("127.0.0.1", work.backend),))
        application = _application(work, number, source)
        body = document.encode(application)
        name = document.hash_of(body)
        documents[name] = body
        entries.append(ManifestEntry(application.id, application.name, 1, name))
    certificates = []
    if work.certificate is not None:
        secret = _certificate(work.certificate)
        body = certificate.encode(secret)
        name = document.hash_of(body)
        documents[name] = body
        certificates.append(CertificateEntry(secret.id, secret.name, name))
    manifest = Manifest(Revision(1, 1), _PARTITION, tuple(entries), tuple(certificates))
    return Content(manifest, documents, sources)


def _certificate(files: Files) -> CertificateDocument:
    chain, key = files.certificate.read_text(), files.key.read_text()
    return CertificateDocument(_CERTIFICATE, "peers", chain, key, (SECURED,))


def _application(work: Work, number: int, source: Source) -> ApplicationDocument:
    return ApplicationDocument(
        id=f"a{number}",
        name=f"shop{number:04}",
        domains=tuple(work.hosts(number)),
        partitions=(_PARTITION,),
        upstreams=(
            Upstream("u1", "web", sources=(source,)),
            Upstream("u2", "sink", servers=(Server("127.0.0.1", work.sink),)),
        ),
        certificates=(_CERTIFICATE,) if work.certificate is not None and number == work.middle else (),
        rules=tuple(msgspec.convert(rules(work), list[Rule])),
    )


def rules(work: Work) -> list[dict[str, Any]]:
    """The rules of every application, as the API takes them."""
    header, passed = DEBUG
    proxy = {"type": "proxy", "upstream": "u1"}
    found: list[tuple[list[dict[str, Any]], dict[str, Any]]] = [
        ([], {"type": "set-response-header", "name": MARK[0], "value": MARK[1]}),
        (
            [{"variable": "header", "argument": header, "operator": "exists"}],
            {"type": "set-request-header", "name": passed, "value": f"${{header.{header}}}"},
        ),
        ([_condition("method", "equals", REFUSED_METHOD)], {"type": "respond", "status": 405}),
        ([_condition("path", "equals", MOVED[0])], {"type": "redirect", "url": MOVED[1]}),
        ([_condition("path", "prefix", DENIED)], {"type": "respond", "status": 403}),
        ([_condition("path", "prefix", UPLOAD)], {"type": "proxy", "upstream": "u2"}),
        *(([_condition("path", "prefix", path)], proxy) for path in work.prefixes()),
        ([], proxy),
    ]
    return [
        {"id": f"r{place}", "conditions": conditions, "actions": [action]}
        for place, (conditions, action) in enumerate(found, 1)
    ]


def _condition(variable: str, operator: str, value: str) -> dict[str, Any]:
    return {"variable": variable, "operator": operator, "values": [value]}
