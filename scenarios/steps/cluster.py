"""Actions on what Edge needs of a cluster: its token, its permissions, its API."""

from __future__ import annotations

import functools
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from scenarios.errors import StepError
from scenarios.kubernetes import Json
from scenarios.model import Need
from scenarios.steps.base import Action
from scenarios.values import Duration, Part, seconds
from scenarios.world import READER, World


class Revoke(Action):
    """Revoke a service account's tokens. On a real cluster, its token Secret is deleted. An API server may remember for
    10 s that a token was good."""

    serviceaccount: str
    namespace: str = "default"

    async def run(self, world: World) -> str:
        if world.target.control is not None:
            body = {"namespace": self.namespace, "serviceaccount": self.serviceaccount}
            await world.control.send("POST", "tokens/revoke", body)
            return f"tokens of {self.serviceaccount} revoked"
        deleted = []
        for secret in await world.kubernetes.list("secret", self.namespace):
            metadata: Json = secret["metadata"]
            account = (metadata.get("annotations") or {}).get("kubernetes.io/service-account.name")
            if account == self.serviceaccount:
                await world.kubernetes.delete("secret", metadata["name"], self.namespace)
                deleted.append(metadata["name"])
        if not deleted:
            raise StepError(f"service account {self.serviceaccount} has no token Secret to delete")
        return f"secrets {', '.join(deleted)} deleted"


class RotateToken(Action):
    """Give Edge a new token of a service account (TokenRequest API) for a cluster that it has registered. With
    `expires` the token is good for so long only; Kubernetes makes none for less than 10 minutes."""

    kubernetes_cluster: str = "test"
    serviceaccount: str = "edge-reader"
    namespace: str = "default"
    expires: Duration = ""  # "" leaves it to the cluster

    async def run(self, world: World) -> str:
        path = world.kubernetes.path("serviceaccount", self.serviceaccount, self.namespace)
        spec = {"expirationSeconds": int(seconds(self.expires))} if self.expires else {}
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        answer = await world.kubernetes.request("POST", f"{path}/token", asked)
        cluster = await world.house.find("kubernetes-clusters", self.kubernetes_cluster)
        body = {"token": answer["status"]["token"]}
        await world.house.admin.request("PATCH", f"kubernetes-clusters/{cluster['id']}", body)
        return f"{self.kubernetes_cluster} has a new token of {self.serviceaccount}"


class RemoveAccess(Action):
    """Remove a ClusterRoleBinding, and remember it for `restore-access`."""

    clusterrolebinding: str

    async def run(self, world: World) -> str:
        found = await world.kubernetes.get("clusterrolebinding", self.clusterrolebinding)
        world.removed[self.clusterrolebinding] = _bare(found)
        await world.kubernetes.delete("clusterrolebinding", self.clusterrolebinding)
        put_back = functools.partial(world.kubernetes.bring_back, world.removed[self.clusterrolebinding])
        world.kubernetes.put_back[f"clusterrolebinding/{self.clusterrolebinding}"] = put_back
        return f"clusterrolebinding/{self.clusterrolebinding} removed"


class RestoreAccess(Action):
    """Bring back what `remove-access` removed."""

    clusterrolebinding: str

    async def run(self, world: World) -> str:
        try:
            document = world.removed.pop(self.clusterrolebinding)
        except KeyError:
            raise StepError(f"no earlier step removed {self.clusterrolebinding!r}") from None
        await world.kubernetes.bring_back(document)
        world.kubernetes.put_back.pop(f"clusterrolebinding/{self.clusterrolebinding}")
        return f"clusterrolebinding/{self.clusterrolebinding} restored"


def _bare(document: Json) -> Json:
    """An object without what the server writes, so that it can be applied again."""
    return {
        "apiVersion": document.get("apiVersion", "rbac.authorization.k8s.io/v1"),
        "kind": document.get("kind", "ClusterRoleBinding"),
        "metadata": {"name": document["metadata"]["name"]},
        "roleRef": document["roleRef"],
        "subjects": document.get("subjects") or [],
    }


class Match(Part):
    """Which requests: every part that is given must be equal. `continue`: whether it asks for a list's next page."""

    verb: str | UnsetType = UNSET
    resource: str | UnsetType = UNSET  # plural
    namespace: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    user: str | UnsetType = UNSET
    continue_: bool | UnsetType = field(name="continue", default=UNSET)


class Fault(Action):
    """Add a fault to the simulator's API, as its control API takes it. A match that names no `user` is of Edge's own
    requests only, so that the runner itself is not hit."""

    needs: ClassVar[Need | None] = "simulator"

    fault: dict[str, Any]
    match: Match = field(default_factory=Match)
    times: Annotated[int, Meta(ge=1)] | None = None
    share: Annotated[float, Meta(gt=0, le=1)] | None = None
    name: str = "fault"

    async def run(self, world: World) -> str:
        wanted: Json = {"match": {"user": READER, **msgspec.to_builtins(self.match)}, "fault": self.fault}
        wanted |= {key: value for key, value in (("times", self.times), ("share", self.share)) if value is not None}
        answer = await world.control.send("POST", "faults", wanted)
        world.faults[self.name] = answer["id"]
        return f"fault {self.name} acts"


class ClearFault(Action):
    """Remove a fault by the name that `fault` gave it; `all` removes every one."""

    needs: ClassVar[Need | None] = "simulator"

    name: str = "all"

    async def run(self, world: World) -> str:
        if self.name == "all":
            await world.control.send("DELETE", "faults")
            world.faults.clear()
        elif self.name in world.faults:
            await world.control.send("DELETE", f"faults/{world.faults.pop(self.name)}")
        else:
            raise StepError(f"expected one of the faults {', '.join(world.faults) or '(none)'}, got {self.name!r}")
        return f"fault {self.name} is gone"


class Compact(Action):
    """Forget the API server's history, so that a watch that resumes gets 410 Gone."""

    needs: ClassVar[Need | None] = "simulator"

    async def run(self, world: World) -> str:
        answer = await world.control.send("POST", "compact", {})
        return f"history forgotten up to {answer['revision']}"
