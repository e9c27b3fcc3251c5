"""The life of one pod, as a table.

Each row is a state, what may happen in it, and the state that follows.

    state      event            next       what is done
    bound      pull due         pulling    (annotated only) status ContainerCreating, event Pulling
    pulling    pulled           bound      event Pulled
    pulling    failed           unpulled   status ErrImagePull, then ImagePullBackOff; again after 10 s, 20 s … 300 s
    unpulled   pull due         pulling
    bound      start due        starting   an address is allocated, the ports are being bound
    starting   ports bound      running    status Running; Ready too when its time has come
    starting   a port refused   blocked    status ContainerCreating, Warning event; tried again, less and less often
    blocked    retry due        starting
    running    ready due        running    status Ready
    running    unready due      running    (readiness probe) status not Ready
    running    crash due        crashed    connections cut; status CrashLoopBackOff (or Error, the first time)
    crashed    restart due      starting
    any        deletion begun   ending     goes on serving until `ends-after`, or the grace period, has passed
    ending     end due          closing    takes nothing new, finishes what is in flight within the grace period
    closing    closed           gone       deleted from the API
    any        deleted          gone       (by force) connections cut
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from simulator.controllers.cluster import Ref
from simulator.kubelet.behaviour import Behaviour
from simulator.kubelet.server import PodServer
from simulator.kubelet.status import Container

START = 0.3
"""Seconds that starting takes at most."""
FIRST_BACKOFF, LAST_BACKOFF = 10.0, 300.0

LIFE: Mapping[tuple[str, str], str] = {
    ("bound", "pull"): "pulling",
    ("pulling", "pulled"): "bound",
    ("pulling", "failed"): "unpulled",
    ("unpulled", "pull"): "pulling",
    ("bound", "start"): "starting",
    ("starting", "started"): "running",
    ("starting", "refused"): "blocked",
    ("blocked", "start"): "starting",
    ("running", "ready"): "running",
    ("running", "unready"): "running",
    ("running", "crash"): "crashed",
    ("crashed", "start"): "starting",
    ("bound", "delete"): "ending",
    ("pulling", "delete"): "ending",
    ("unpulled", "delete"): "ending",
    ("starting", "delete"): "ending",
    ("blocked", "delete"): "ending",
    ("running", "delete"): "ending",
    ("crashed", "delete"): "ending",
    ("ending", "end"): "closing",
    ("ending", "delete"): "ending",
    ("closing", "delete"): "closing",
    ("closing", "closed"): "gone",
}


class Life(msgspec.Struct):
    """One pod's place in the table, and what it holds."""

    ref: Ref
    uid: str
    node: str
    behaviour: Behaviour
    ports: tuple[int, ...]
    born: float
    state: str = "bound"
    address: str = ""
    server: PodServer | None = None
    timers: dict[str, asyncio.TimerHandle] = msgspec.field(default_factory=dict)
    container: Container = msgspec.field(default_factory=lambda: Container("waiting", reason="ContainerCreating"))
    started: str = ""
    failures: int = 0
    pulled: bool = False
    deadline: float = 0.0

    def step(self, event: str) -> bool:
        """Take `event`; False when it means nothing in this state."""
        following = LIFE.get((self.state, event))
        if following is None:
            return False
        self.state = following
        return True
