"""What every handler works with."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from simulator.access.aggregation import Aggregation
from simulator.access.authentication import Authenticator
from simulator.access.rbac import Authorizer
from simulator.access.tokens import TokenIssuer
from simulator.access.users import User
from simulator.api.decoding.field_validation import Warnings
from simulator.api.faults import Asked, Faults
from simulator.api.request import Request
from simulator.extensions.extensions import Extensions
from simulator.kinds.table import RESOURCES, Table
from simulator.objects.resource import Resource
from simulator.store.store import Clock, Store


@dataclass(slots=True)
class Backend:
    store: Store
    clock: Clock
    random: Random
    table: Table
    issuer: TokenIssuer
    authenticator: Authenticator
    authorizer: Authorizer
    faults: Faults
    extensions: Extensions | None = None
    """Keeps ``table`` up to date with the custom resources that are defined."""
    read_only: bool = False
    """Whether objects cannot be written, because they are a recording's."""

    @classmethod
    def of(cls, store: Store, clock: Clock, random: Random) -> Backend:
        """A backend on ``store`` with Kubernetes' own kinds, a new token key and no faults."""
        own, faults = Random(random.getrandbits(64)), Faults(Random(random.getrandbits(64)))
        issuer = TokenIssuer(Random(random.getrandbits(64)))
        authenticator = Authenticator(store, issuer, clock)
        backend = cls(store, clock, own, RESOURCES, issuer, authenticator, Authorizer(store), faults)
        backend.extensions = Extensions(store, backend.use)
        Aggregation(store)
        return backend

    def find(self, api_version: str, kind: str) -> Resource | None:
        """The row that serves a kind now."""
        return self.table.find(api_version, kind)

    def reread(self) -> None:
        """The store was emptied, or put back to an earlier revision, without telling of each object."""
        self.authorizer.forget()
        if self.extensions is not None:
            self.extensions.reread()

    def show(self, table: Table) -> None:
        """Serve a recording: these kinds, whatever definitions it holds, and none can be written."""
        if self.extensions is not None:
            self.extensions.end()
            self.extensions = None
        self.read_only = True
        self.use(table)

    def use(self, table: Table) -> None:
        """Serve these kinds from now on."""
        self.table = table


@dataclass(slots=True)
class Call:
    """One authorised request on its way through a handler."""

    backend: Backend
    request: Request
    user: User
    warnings: Warnings
    asked: Asked
