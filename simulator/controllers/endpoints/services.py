"""Which Services a pod's change concerns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from simulator.controllers.cluster import Change, Cluster
from simulator.controllers.pods import Pod


class _Spec(msgspec.Struct):
    selector: dict[str, str] | None = None
    type: str | None = None


class _Body(msgspec.Struct):
    spec: _Spec = msgspec.field(default_factory=_Spec)


_decoder = msgspec.json.Decoder(_Body)


class ServiceIndex:
    """Tells `namespace/name` of each Service whose endpoints may have changed: by itself, or by a pod of it."""

    def __init__(self, cluster: Cluster) -> None:
        self._selectors: dict[str, dict[str, dict[str, str]]] = {}
        self._callbacks: list[Callable[[str], Any]] = []
        cluster.on("services", self._service_changed)
        cluster.on("pods", self._pod_changed)

    def on_change(self, callback: Callable[[str], Any]) -> None:
        self._callbacks.append(callback)

    def _tell(self, namespace: str, name: str) -> None:
        for callback in self._callbacks:
            callback(f"{namespace}/{name}")

    def _service_changed(self, change: Change) -> None:
        selectors = self._selectors.setdefault(change.ref.namespace, {})
        selectors.pop(change.ref.name, None)
        if change.type != "DELETED":
            spec = _decoder.decode(change.record.body).spec
            if spec.selector and spec.type != "ExternalName":
                selectors[change.ref.name] = spec.selector
        self._tell(change.ref.namespace, change.ref.name)

    def _pod_changed(self, change: Change) -> None:
        old, new = change.old_pod, change.pod
        if old is not None and new is not None and _seen_as(old) == _seen_as(new):
            return
        for name, selector in self._selectors.get(change.ref.namespace, {}).items():
            if any(pod is not None and selector.items() <= pod.labels.items() for pod in (old, new)):
                self._tell(change.ref.namespace, name)


def _seen_as(pod: Pod) -> tuple[object, ...]:
    """What of a pod an endpoint shows."""
    place = (pod.ip, pod.more_ips, pod.node, pod.hostname)
    return (pod.uid, pod.labels, place, pod.phase, pod.ready, pod.terminating, pod.ports)
