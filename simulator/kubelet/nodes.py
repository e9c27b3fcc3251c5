"""What a kubelet knows of its own node: whether it is ready, and whether anything is heard of it.

A silent node (annotated `simulator/node: unreachable`, or Ready is Unknown) reports nothing and ends nothing: work for
its pods is held, and done once it is heard of again. Pods of a node that is not ready are not Ready either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.controllers.cluster import Change, Cluster
from simulator.controllers.scheduling import placement
from simulator.controllers.scheduling.nodes import ANNOTATION
from simulator.kubelet.pace import Pace


class Nodes:
    """`changed(node)` is called when a node turned ready or no longer is."""

    def __init__(self, cluster: Cluster, pace: Pace, changed: Callable[[str], None]) -> None:
        self._pace = pace
        self._changed = changed
        self._unready: dict[str, None] = {}
        self._held: dict[str, list[Callable[[], Any]]] = {}
        """Silent nodes, and what waits for each."""
        cluster.on("nodes", self._node_changed)

    def ready(self, node: str) -> bool:
        return node not in self._unready

    def do(self, node: str, work: Callable[[], Any]) -> None:
        """Do `work` for a pod of `node` in its turn, or when the node is heard of again."""
        held = self._held.get(node)
        if held is None:
            self._pace.do(work)
        else:
            held.append(work)

    def _node_changed(self, change: Change) -> None:
        name, node = change.ref.name, change.record.decode()
        status = placement.ready(node) if (node.get("status") or {}).get("conditions") else "True"
        asked = (node["metadata"].get("annotations") or {}).get(ANNOTATION)
        if change.type == "DELETED" or asked == "unreachable" or status == "Unknown":
            self._held.setdefault(name, [])
        else:
            for work in self._held.pop(name, ()):
                self._pace.do(work)
        was = self.ready(name)
        if status == "True":
            self._unready.pop(name, None)
        else:
            self._unready[name] = None
        if was != self.ready(name):
            self._changed(name)
