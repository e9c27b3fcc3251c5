"""Who acts, and what each role may do."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from edge.admin.errors import Forbidden

Role: TypeAlias = Literal["viewer", "editor", "releaser", "admin"]

_ORDER: tuple[Role, ...] = ("viewer", "editor", "releaser", "admin")


class Actor(msgspec.Struct, frozen=True):
    """A signed-in user or an API token. viewer reads; editor also edits drafts; releaser also releases, rolls back
    and discards; admin also manages gateways, Kubernetes clusters, users, tokens and reads the audit."""

    kind: Literal["user", "token", "system"]
    id: str
    name: str
    role: Role

    def require(self, role: Role, deed: str) -> None:
        """Raise Forbidden unless this actor's role is at least `role`; `deed` completes "may not …"."""
        if _ORDER.index(self.role) < _ORDER.index(role):
            raise Forbidden(f"the role {self.role} may not {deed}; it needs the role {role}")


def role_of(stored: str) -> Role:
    """A role as the database has it, typed; only bodies with a Role are ever stored."""
    return _ORDER[_ORDER.index(stored)]
