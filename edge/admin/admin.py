"""The Admin: everything the control plane is made of, wired together.

`Admin.open` opens and migrates the database, takes the lock that makes it the only Admin of that database, commits a
new generation, restores what was known, publishes the current manifests and follows the Kubernetes clusters. The JSON
API and the console are thin layers over its services.
"""

from __future__ import annotations

import random as random_module
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy.orm import Session

from edge.admin.applications import Applications
from edge.admin.audit import Audit
from edge.admin.changes import Changes
from edge.admin.events import Events
from edge.admin.gateway_servers import GatewayServers
from edge.admin.gateways import GatewayClusters, JoinTokens
from edge.admin.kubernetes_clusters import KubernetesClusters
from edge.admin.login import Login
from edge.admin.partitions import Partitions
from edge.admin.releases import Releases
from edge.admin.rules import Rules
from edge.admin.tokens import Tokens
from edge.admin.upstreams import Upstreams
from edge.admin.users import Users

T = TypeVar("T")


class AdminSettings(msgspec.Struct, frozen=True):
    """`database` is an SQLAlchemy URL (sqlite:///FILE, sqlite:// in memory, postgresql://…), empty for
    sqlite:///DATA_DIR/edge.db. The secrets come from the environment and are never shown."""

    data_dir: Path
    database: str = ""
    secret_key: str | None = None
    admin_password: str | None = None
    admin_token: str | None = None

    def __repr__(self) -> str:
        return f"<AdminSettings data_dir={self.data_dir}>"


class Admin:
    """The control plane. `hub` is what gateways subscribe to, `events` what watchers of the console and API follow."""

    partitions: Partitions
    gateway_clusters: GatewayClusters
    gateway_servers: GatewayServers
    join_tokens: JoinTokens
    kubernetes_clusters: KubernetesClusters
    applications: Applications
    upstreams: Upstreams
    rules: Rules
    changes: Changes
    releases: Releases
    users: Users
    tokens: Tokens
    audit: Audit
    login: Login
    events: Events

    @classmethod
    async def open(
        cls,
        settings: AdminSettings,
        *,
        random: random_module.Random | None = None,
        transport_factory: Callable[..., Any] | None = None,
    ) -> Admin:
        """Open everything. Raises edge.store.errors.StoreError with a sentence when the database cannot be used:
        another Admin is active on it, it needs `edge db upgrade`, it cannot be reached, the key does not fit.

        `password_notice` afterwards says how the first admin user's password was made, if it was made now."""
        raise NotImplementedError

    async def close(self) -> None:
        """End everything that was started; the lock is released last."""
        raise NotImplementedError

    async def work(self, unit: Callable[[Session], T]) -> T:
        """Run one unit of work in the store thread and commit it; Unavailable when the database cannot be reached."""
        raise NotImplementedError

    async def ready(self) -> bool:
        """Whether the database answers now (for /readyz)."""
        raise NotImplementedError
