"""The events that kubelets record about pods, one recorder for each node."""

from __future__ import annotations

from typing import Any

from simulator.controllers.cluster import Cluster, Ref
from simulator.controllers.recorder import Recorder

Object = dict[str, Any]


class Teller:
    """`pod` may be left out where it is not at hand; it is then looked up."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._recorders: dict[str, Recorder] = {}

    def warn(self, ref: Ref, reason: str, message: str) -> None:
        pod = self._cluster.at(ref)
        if pod is not None:
            self._recorder(pod).warning(pod, reason, message)

    def each(self, ref: Ref, reason: str, text: str, pod: Object | None = None, *, warning: bool = False) -> None:
        """An event for each container; `{name}` and `{image}` in the text are the container's."""
        pod = pod or self._cluster.at(ref)
        if pod is None:
            return
        recorder = self._recorder(pod)
        for container in pod["spec"].get("containers") or []:
            tell = recorder.warning if warning else recorder.normal
            said = text.replace("{name}", container["name"]).replace("{image}", f'"{container.get("image", "")}"')
            tell(pod, reason, said)

    def started(self, ref: Ref, pod: Object, *, pulled: bool) -> None:
        """What a container's start makes known, one container after the other."""
        recorder = self._recorder(pod)
        for container in pod["spec"].get("containers") or []:
            if not pulled:
                image = container.get("image", "")
                recorder.normal(pod, "Pulled", f'Container image "{image}" already present on machine')
            recorder.normal(pod, "Created", f"Created container: {container['name']}")
            recorder.normal(pod, "Started", f"Started container {container['name']}")

    def _recorder(self, pod: Object) -> Recorder:
        node = pod["spec"].get("nodeName", "")
        if node not in self._recorders:
            self._recorders[node] = Recorder(self._cluster, "kubelet", node)
        return self._recorders[node]
