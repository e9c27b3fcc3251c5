"""What every handler works with."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from simulator.access.authentication import Authenticator
from simulator.access.rbac import Authorizer
from simulator.access.tokens import TokenIssuer
from simulator.access.users import User
from simulator.api.bodies import Warnings
from simulator.api.faults import Asked, Faults
from simulator.api.request import Request
from simulator.resources import RESOURCES, Table
from simulator.store import Clock, Store


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

    @classmethod
    def of(cls, store: Store, clock: Clock, random: Random) -> Backend:
        """A backend on ``store`` with Kubernetes' own kinds, a new token key and no faults."""
        issuer = TokenIssuer()
        authenticator = Authenticator(store, issuer, clock)
        own, faults = Random(random.getrandbits(64)), Faults(Random(random.getrandbits(64)))
        return cls(store, clock, own, RESOURCES, issuer, authenticator, Authorizer(store), faults)


@dataclass(slots=True)
class Call:
    """One authorised request on its way through a handler."""

    backend: Backend
    request: Request
    user: User
    warnings: Warnings
    asked: Asked
