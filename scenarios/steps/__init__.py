"""The registries: every action and expectation by the key that names it in a file. A test holds the docs to them."""

from __future__ import annotations

from scenarios.steps import (
    cluster,
    edge,
    edge_seen,
    nodes,
    objects,
    other,
    other_seen,
    pods,
    processes,
    slices,
    traffic_seen,
)
from scenarios.steps.base import Action, Expectation

ACTIONS: dict[str, type[Action]] = {
    "apply": objects.Apply,
    "delete": objects.Delete,
    "scale": objects.Scale,
    "set-image": objects.SetImage,
    "restart": objects.Restart,
    "select": objects.Select,
    "slice": slices.WriteSlice,
    "kill-pod": pods.KillPod,
    "ready": pods.Ready,
    "unready": pods.Unready,
    "cordon": nodes.Cordon,
    "uncordon": nodes.Uncordon,
    "drain": nodes.Drain,
    "label": objects.Label,
    "patch": objects.Patch,
    "revoke": cluster.Revoke,
    "rotate-token": cluster.RotateToken,
    "remove-access": cluster.RemoveAccess,
    "restore-access": cluster.RestoreAccess,
    "fault": cluster.Fault,
    "clear-fault": cluster.ClearFault,
    "compact": cluster.Compact,
    "stop-api-server": cluster.StopApiServer,
    "start-api-server": cluster.StartApiServer,
    "stop": processes.Stop,
    "kill": processes.Kill,
    "start": processes.Start,
    "pause": processes.Pause,
    "resume": processes.Resume,
    "kill-worker": processes.KillWorker,
    "register": edge.Register,
    "release": edge.Release,
    "rollback": edge.Rollback,
    "discard": edge.Discard,
    "edit": edge.Edit,
    "run": other.Run,
    "wait": other.Wait,
}

EXPECTATIONS: dict[str, type[Expectation]] = {
    kind.subject: kind
    for kind in (
        edge_seen.UpstreamSeen,
        edge_seen.ClusterSeen,
        edge_seen.ReleaseSeen,
        edge_seen.GatewaySeen,
        traffic_seen.TrafficSeen,
        traffic_seen.RequestSeen,
        other_seen.ObjectSeen,
        other_seen.MetricSeen,
        other_seen.LogSeen,
    )
}

# actions that may be written with their one value instead of a map: `wait: 2s`
SHORT: dict[str, str] = {
    "wait": "duration",
    "apply": "manifests",
    "stop": "process",
    "kill": "process",
    "start": "process",
    "pause": "process",
    "resume": "process",
    "kill-worker": "gateway",
    "clear-fault": "name",
    "cordon": "node",
    "uncordon": "node",
    "drain": "node",
}
