"""The types of a scenario file. The JSON Schema (`edge scenario schema`) is generated from them.

Steps, expectations and invariants are open maps here, because their keys come from the registries
(`scenarios.steps`): `scenarios.loading` reads each with the type that its key names.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, field

from scenarios.values import Duration, Part, Rate

TUTORIAL_HOST = "www.kubernetes-edge-test.com"
TUTORIAL_UPSTREAM = "my kubernetes backend"

Json = dict[str, Any]
Manifest = str | Json
"""A path relative to the scenario file (or one of the built-in names), or an object written in place."""


class Ramp(Part):
    """A rate that changes steadily."""

    from_: Rate = field(name="from")
    to: Rate
    over: Duration


class Traffic(Part):
    """Requests through the gateways, from when everything given is there until the last step."""

    rate: Rate | Ramp
    host: str = TUTORIAL_HOST
    path: str = "/"
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    connections: Literal["keep-alive", "new"] = "keep-alive"
    clients: Annotated[int, Meta(ge=1, le=1000)] = 4
    timeout: Duration = "5s"
    gateways: list[str] = field(default_factory=list)  # none named: all


class ClusterGiven(Part):
    """A Kubernetes cluster registered with Edge under `name`, with the token of Edge's own service account."""

    name: str = "test"
    read_timeout: Annotated[float, Meta(gt=0, le=300)] = 10.0


class KubernetesGiven(Part):
    """The service whose pods are the upstream's endpoints."""

    service: str
    port: int | str
    namespace: str = "default"
    cluster: str = "test"


class UpstreamGiven(Part):
    name: str
    kubernetes: KubernetesGiven | list[KubernetesGiven] | None = None
    servers: list[Json] = field(default_factory=list)

    @property
    def sources(self) -> list[KubernetesGiven]:
        """The services whose pods are its endpoints."""
        if self.kubernetes is None:
            return []
        return self.kubernetes if isinstance(self.kubernetes, list) else [self.kubernetes]


class RuleGiven(Part):
    """A page rule as the Admin's API takes it; `upstream` of a proxy action is an upstream's name."""

    actions: list[Json]
    name: str = "everything"
    conditions: list[Json] = field(default_factory=list)


class ApplicationGiven(Part):
    name: str
    domains: list[str]
    upstreams: list[UpstreamGiven] = field(default_factory=list)
    rules: list[RuleGiven] = field(default_factory=list)


def _tutorial() -> list[ApplicationGiven]:
    kubernetes = KubernetesGiven(service="test-hello", port=80)
    return [
        ApplicationGiven(
            name=TUTORIAL_HOST,
            domains=[TUTORIAL_HOST],
            upstreams=[UpstreamGiven(name=TUTORIAL_UPSTREAM, kubernetes=kubernetes)],
            rules=[RuleGiven(actions=[{"type": "proxy", "upstream": TUTORIAL_UPSTREAM}])],
        )
    ]


class EdgeGiven(Part):
    """Edge's processes and configuration; what is left out is the tutorial's."""

    gateways: Annotated[int, Meta(ge=1, le=20, description="How many, named gateway-1, gateway-2, …")] = 1
    workers: Annotated[int, Meta(ge=1, le=16)] = 1
    cluster: ClusterGiven = field(default_factory=ClusterGiven)
    applications: list[ApplicationGiven] = field(default_factory=_tutorial)
    release: bool = True  # release every application before the first step, and wait until every gateway has it


class FurtherCluster(Part):
    """One more Kubernetes cluster, registered with Edge under the name that it has here. Steps act on it with
    `cluster: NAME`."""

    manifests: list[Manifest] = field(default_factory=list)
    read_timeout: Annotated[float, Meta(gt=0, le=300)] = 10.0


class Given(Part):
    """What is there before the first step."""

    manifests: list[Manifest] = field(default_factory=list)
    clusters: dict[str, FurtherCluster] = field(default_factory=dict)
    time_factor: Annotated[
        float, Meta(gt=0, le=1000, description="Seconds that pass in the simulator in one real second.")
    ] = 1.0
    edge: Literal["tutorial", "none"] | EdgeGiven = "tutorial"
    ready: bool = True  # before the first step, the pods of given Deployments are ready and served by every gateway
    faults: list[Json] = field(default_factory=list)  # as the step `fault` takes it; from when Edge is ready

    @property
    def configuration(self) -> EdgeGiven | None:
        """Edge's configuration, None for none."""
        if isinstance(self.edge, EdgeGiven):
            return self.edge
        return EdgeGiven() if self.edge == "tutorial" else None

    @property
    def cluster(self) -> str:
        """The name of the cluster that the target is; the further ones have their own."""
        edge = self.configuration
        return ClusterGiven().name if edge is None else edge.cluster.name


Need = Literal["simulator", "api-server", "nodes", "clusters"]
"""What a target may have beyond the Kubernetes API: the simulator's control API, an API server that can be stopped and
paused, nodes that can be paused and cut off."""


class TargetNeeds(Part):
    """What the file needs of a target beyond what its steps say by themselves."""

    needs: list[Need] = field(default_factory=list)


class Scenario(Part):
    """One scenario file."""

    title: Annotated[str, Meta(min_length=1)]
    steps: Annotated[list[Json], Meta(min_length=1)]
    about: str = ""
    given: Given = field(default_factory=Given)
    traffic: dict[str, Traffic] = field(default_factory=dict)
    finally_: list[Json] = field(name="finally", default_factory=list)
    invariants: list[Json] = field(default_factory=list)
    parameters: dict[str, Annotated[list[Any], Meta(min_length=1)]] = field(default_factory=dict)
    target: TargetNeeds | UnsetType = UNSET


class Modifiers(Part):
    """What may stand beside a step's one action or expectation."""

    name: str = ""  # what `before` and `after` of other steps call it
    within: Duration | None = None  # it must come to hold in this time
    for_: Duration | None = field(name="for", default=None)  # it must hold throughout this time
    never: bool = False  # it must not hold at any moment of `for`
    before: str = ""  # it must have come to hold when the step of this name begins
    after: str = ""  # `within` counts from the end of the step of this name
    cluster: str = ""  # of `given.clusters`, when it is not the first one that is acted on or looked at
