"""ServiceAccounts: every namespace has `default`, and a token Secret is filled with its account's token.

Sources: pkg/controller/serviceaccount/serviceaccounts_controller.go and tokens_controller.go. A Secret of type
`kubernetes.io/service-account-token` gets `token` and `namespace` and the account's UID; one whose account does not
exist (or is another one by its UID) is deleted, which is what revokes the token when an account is deleted.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from simulator.controllers.cluster import Change, Cluster, Ref
from simulator.controllers.queue import Gate, Queue
from simulator.errors import ApiError

Object = dict[str, Any]
TYPE = "kubernetes.io/service-account-token"
NAME = "kubernetes.io/service-account.name"
UID = "kubernetes.io/service-account.uid"

Sign = Callable[[Object, Object], str]
"""(service account, secret) → the token that this secret holds."""


class AccountController:
    """Keeps the account `default` in every namespace."""

    def __init__(self, cluster: Cluster, gate: Gate) -> None:
        self._cluster = cluster
        self.queue = Queue("serviceaccount", self.sync, gate)
        cluster.on("namespaces", lambda change: self.queue.add(change.ref.name))
        cluster.on("serviceaccounts", self._account_changed)

    def _account_changed(self, change: Change) -> None:
        if change.type == "DELETED":
            self.queue.add(change.ref.namespace)

    def sync(self, name: str) -> None:
        """Make `default` in one namespace, unless that is ending."""
        namespace = self._cluster.get("namespaces", None, name)
        if namespace is None or namespace["metadata"].get("deletionTimestamp"):
            return
        if self._cluster.get("serviceaccounts", name, "default") is None:
            self._cluster.create("serviceaccounts", {"metadata": {"name": "default", "namespace": name}})


class TokenController:
    """Fills token Secrets, and deletes those whose account is gone."""

    def __init__(self, cluster: Cluster, sign: Sign, gate: Gate) -> None:
        self._cluster = cluster
        self._sign = sign
        self.queue = Queue("token", self.sync, gate)
        self._of_account: dict[str, dict[str, None]] = {}
        cluster.on("secrets", self._secret_changed)
        cluster.on("serviceaccounts", self._account_changed)

    def _secret_changed(self, change: Change) -> None:
        if b'"' + TYPE.encode() + b'"' in change.record.body:
            self.queue.add(f"{change.ref.namespace}/{change.ref.name}")

    def _account_changed(self, change: Change) -> None:
        for key in self._of_account.get(f"{change.ref.namespace}/{change.ref.name}", ()):
            self.queue.add(key)

    def sync(self, key: str) -> None:
        """Fill, leave or delete one Secret (`namespace/name`)."""
        namespace, _, name = key.partition("/")
        secret = self._cluster.get("secrets", namespace, name)
        if secret is None or secret.get("type") != TYPE:
            return
        annotations = secret["metadata"].get("annotations") or {}
        account_name = annotations.get(NAME, "")
        self._of_account.setdefault(f"{namespace}/{account_name}", {})[key] = None
        account = self._cluster.get("serviceaccounts", namespace, account_name) if account_name else None
        if account is None or annotations.get(UID, account["metadata"]["uid"]) != account["metadata"]["uid"]:
            self._delete(Ref("secrets", namespace, name), secret["metadata"]["uid"])
            return
        data = secret.get("data") or {}
        if data.get("token") and annotations.get(UID):
            return
        secret["metadata"]["annotations"] = {**annotations, UID: account["metadata"]["uid"]}
        token = self._sign(account, secret)
        secret["data"] = {
            **data,
            "namespace": base64.b64encode(namespace.encode()).decode(),
            "token": base64.b64encode(token.encode()).decode(),
        }
        self._cluster.update("secrets", secret)

    def _delete(self, ref: Ref, uid: str) -> None:
        try:
            self._cluster.delete(ref, uid=uid)
        except ApiError as error:
            if error.code not in (404, 409):
                raise
