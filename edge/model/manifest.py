"""What a partition serves, as names: the small thing that is pushed first and decides what else is needed."""

from __future__ import annotations

import msgspec

from edge.model.revision import NOTHING, Revision


class ManifestEntry(msgspec.Struct, frozen=True, gc=False):
    """One application: its release `version` and the `hash` of its document."""

    application: str
    name: str
    version: int
    hash: str


class CertificateEntry(msgspec.Struct, frozen=True, gc=False):
    """One certificate that the manifest's applications name: the `hash` of its document as it is now."""

    certificate: str
    name: str
    hash: str


class Manifest(msgspec.Struct, frozen=True, gc=False):
    """The applications of a partition at a revision, sorted by application id, and the certificates that those name,
    sorted by certificate id."""

    revision: Revision
    partition: str
    applications: tuple[ManifestEntry, ...] = ()
    certificates: tuple[CertificateEntry, ...] = ()

    @property
    def hashes(self) -> tuple[str, ...]:
        """Every document that it names."""
        return (*(entry.hash for entry in self.applications), *(entry.hash for entry in self.certificates))


EMPTY = Manifest(NOTHING, "")
"""What a gateway serves before it has heard anything: no application."""
