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


class KeyEntry(msgspec.Struct, frozen=True, gc=False):
    """The key of an application that has secrets in its page rules: the `hash` of its document."""

    application: str
    hash: str


class PurgeEntry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Stored answers of an application that a cache takes out: those of one URL, or of all that begin with a prefix.
    Numbers rise; a cache that has heard of this one need not look at it again."""

    number: int
    application: str
    url: str | None = None
    prefix: str | None = None


class Manifest(msgspec.Struct, frozen=True, gc=False):
    """The applications of a partition at a revision, sorted by application id, and the certificates that those name,
    sorted by certificate id. `purges` are the newest, in order; older ones, up to the number `forgotten`, are told no
    more: a cache that has not heard of those takes everything out. `keys` open the secrets in page rules."""

    revision: Revision
    partition: str
    applications: tuple[ManifestEntry, ...] = ()
    certificates: tuple[CertificateEntry, ...] = ()
    purges: tuple[PurgeEntry, ...] = ()
    forgotten: int = 0
    keys: tuple[KeyEntry, ...] = ()

    @property
    def hashes(self) -> tuple[str, ...]:
        """Every document that it names."""
        applications = (entry.hash for entry in self.applications)
        certificates = (entry.hash for entry in self.certificates)
        return (*applications, *certificates, *(entry.hash for entry in self.keys))


EMPTY = Manifest(NOTHING, "")
"""What a gateway serves before it has heard anything: no application."""
