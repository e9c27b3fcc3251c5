"""The kubelet: the life of every pod that has a node.

What may happen when is the table in `life`. Starting takes `ready-after`, at most 0.3 s; a pod with a longer one is
Running first and Ready when that has passed.
With the defaults a pod's watch shows what a real cluster's does: Pending, bound, Running and ready; then terminating,
and gone 2 s later. Readiness stays True until the end, so its endpoint stays `serving`, and is no longer `ready`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import structlog

from simulator import clock
from simulator.controllers.cluster import Change, Cluster, Ref
from simulator.controllers.pods import Pod
from simulator.controllers.queue import Gate
from simulator.errors import ApiError
from simulator.kubelet import probes, status
from simulator.kubelet.behaviour import USUAL, parse
from simulator.kubelet.images import Images
from simulator.kubelet.life import FIRST_BACKOFF, LAST_BACKOFF, START, Life
from simulator.kubelet.network import NetworkError, PodNetwork
from simulator.kubelet.nodes import Nodes
from simulator.kubelet.pace import Pace
from simulator.kubelet.server import BindError, PodServer
from simulator.kubelet.status import Container
from simulator.kubelet.telling import Teller
from simulator.managed.pods import with_status
from simulator.tasks import Tasks

log = structlog.get_logger("simulator.kubelet")

Object = dict[str, Any]

FIRST_RETRY, LAST_RETRY = 0.5, 30.0


class Kubelet:
    """Lives for all nodes. Without a network pods are addresses only and nothing listens (`--pods none`)."""

    def __init__(self, cluster: Cluster, gate: Gate, network: PodNetwork, *, serve: bool) -> None:
        self._cluster = cluster
        self._network = network
        self._serve = serve
        self._loop = asyncio.get_running_loop()
        self._pace = Pace(gate)
        self._nodes = Nodes(cluster, self._pace, self._node_changed)
        self._tasks = Tasks()
        self._lives: dict[str, Life] = {}
        self._tell = Teller(cluster)
        images = Images(self._tell, cluster.at, self._write, self._timer)
        self._actions: dict[str, Callable[[Life], None]] = {
            "pull": images.pull,
            "pulled": images.pulled,
            "backoff": images.back_off,
            "start": self._start,
            "ready": self._ready,
            "unready": self._unready,
            "kill": self._kill,
            "crash": self._crash,
            "end": self._end,
        }
        cluster.on("pods", self._pod_changed)

    def __repr__(self) -> str:
        return f"<Kubelet pods={len(self._lives)}>"

    @property
    def servers(self) -> dict[str, PodServer]:
        """Pods that serve now, by `namespace/name`."""
        return {key: life.server for key, life in self._lives.items() if life.server is not None}

    async def stop(self) -> None:
        """Cut every pod and give its address back."""
        self._pace.clear()
        for life in list(self._lives.values()):
            self._gone(life)
        await self._tasks.close()

    # what the API says

    def _pod_changed(self, change: Change) -> None:
        key = change.record.key
        life = self._lives.get(key)
        pod = change.pod
        if life is not None and (pod is None or pod.uid != life.uid):
            self._gone(life)
            life = None
        if pod is None:
            return
        if life is None and pod.node and pod.phase not in ("Succeeded", "Failed"):
            life = self._begin(change.ref, pod)
        elif life is not None and (b'"simulator/' in change.record.body or life.behaviour is not USUAL):
            self._nodes.do(life.node, partial(self._annotated, life))
        if life is not None and pod.terminating and life.state != "closing":
            self._nodes.do(life.node, partial(self._end_later, life))

    def _node_changed(self, node: str) -> None:
        """Its pods are Ready only while it is."""
        for life in self._lives.values():
            if life.node == node and life.state in ("running", "ending"):
                self._pace.do(partial(self._write, life))

    def _begin(self, ref: Ref, pod: Pod) -> Life:
        behaviour, problems = parse(self._annotations(ref))
        ports = dict.fromkeys(port.container_port for port in pod.ports if port.protocol == "TCP")
        life = Life(ref, pod.uid, pod.node, behaviour, tuple(p for p in ports if p), self._loop.time())
        life.started = self._cluster.clock.timestamp()
        self._lives[pod.key] = life
        for problem in problems:
            self._pace.do(partial(self._tell.warn, life.ref, "InvalidAnnotation", problem))
        if pod.ip:
            life.born -= behaviour.ready_after  # it ran before this kubelet did
        if (behaviour.pull_after or behaviour.pull_error) and not pod.ip:
            self._timer(life, "pull", 0.0)
        else:
            self._timer(life, "start", min(behaviour.ready_after, START))
        return life

    def _annotated(self, life: Life) -> None:
        """The annotations may have changed: the pod behaves differently from now on, and its probes notice."""
        behaviour, problems = parse(self._annotations(life.ref))
        if behaviour == life.behaviour:
            return
        changed = behaviour.ready != life.behaviour.ready
        life.behaviour = behaviour
        for problem in problems:
            self._tell.warn(life.ref, "InvalidAnnotation", problem)
        if life.server is not None:
            life.server.behaviour = behaviour
        if life.state == "running":
            self._probe(life, started=False)
        if changed and life.state in ("running", "ending"):
            self._write(life)

    def _annotations(self, ref: Ref) -> dict[str, str]:
        record = self._cluster.record(ref)
        if record is None or b'"simulator/' not in record.body:
            return {}
        annotations: dict[str, str] = record.decode()["metadata"].get("annotations") or {}
        return annotations

    # starting

    def _start(self, life: Life) -> None:
        if not life.step("start"):
            return
        try:
            life.address = life.address or self._network.allocate()
        except NetworkError as error:
            self._refused(life, str(error))
            return
        if not self._serve:
            self._pace.do(partial(self._started, life))
            return
        self._tasks.start(self._listen(life), f"start {life.ref.name}")

    async def _listen(self, life: Life) -> None:
        server = PodServer(life.ref.name, life.behaviour)
        try:
            await server.start(life.address, life.ports)
        except BindError as error:
            self._refused(life, str(error))
            return
        if life.state != "starting":
            server.abort()
            return
        life.server = server
        self._pace.do(partial(self._started, life))

    def _refused(self, life: Life, why: str) -> None:
        if not life.step("refused"):
            return
        life.container = Container("waiting", reason="ContainerCreating", message=why, restarts=life.container.restarts)
        self._pace.do(partial(self._write, life))
        self._pace.do(partial(self._tell.warn, life.ref, "FailedCreatePodSandBox", f"Failed to start the pod: {why}"))
        delay = min(FIRST_RETRY * 2**life.failures, LAST_RETRY)
        life.failures += 1
        self._timer(life, "start", delay)

    def _started(self, life: Life) -> None:
        if not life.step("started"):
            return
        life.failures = 0
        now = self._cluster.clock.timestamp()
        wait = life.born + life.behaviour.ready_after - self._loop.time()
        probed = self._verdict(life, probes.READINESS)
        if probed is not None:
            wait = max(wait, probed.delay if not probed.failure else math.inf)
        ready = wait <= 0.001  # a timer may fire a clock tick early
        before = life.container
        life.container = Container("running", moment=now, ready=ready, restarts=before.restarts, last=before.last)
        if wait < math.inf and not ready:
            self._timer(life, "ready", wait)
        if life.behaviour.crash_after:
            self._timer(life, "crash", life.behaviour.crash_after)
        pod = self._write(life)
        if pod is not None:
            self._tell.started(life.ref, pod, pulled=life.pulled)
            self._probe(life, started=True)

    def _ready(self, life: Life) -> None:
        if life.step("ready"):
            life.container = msgspec.structs.replace(life.container, ready=True)
            self._write(life)

    # probing

    def _verdict(self, life: Life, kind: str) -> probes.Verdict | None:
        record = self._cluster.record(life.ref)
        if record is None or f'"{kind}"'.encode() not in record.body:
            return None
        return probes.verdict(kind, record.decode(), life.behaviour, life.ports)

    def _probe(self, life: Life, *, started: bool) -> None:
        """Let what the probes find now take effect when they have found it often enough."""
        alive = self._verdict(life, probes.LIVENESS)
        self._stop_timer(life, "kill")
        if alive is not None and alive.failure:
            self._tell.warn(life.ref, "Unhealthy", alive.failure)
            self._timer(life, "kill", alive.fall + (alive.delay if started else 0.0))
        found = self._verdict(life, probes.READINESS)
        if found is None:
            return
        if found.failure:
            self._tell.warn(life.ref, "Unhealthy", found.failure)
        if started:
            return
        for name in ("ready", "unready"):
            self._stop_timer(life, name)
        if bool(found.failure) == life.container.ready:
            self._timer(life, "unready" if found.failure else "ready", found.fall if found.failure else found.rise)

    def _unready(self, life: Life) -> None:
        if life.step("unready"):
            life.container = msgspec.structs.replace(life.container, ready=False)
            self._write(life)

    def _kill(self, life: Life) -> None:
        if life.state == "running":
            text = "Container {name} failed liveness probe, will be restarted"
            self._tell.each(life.ref, "Killing", text)
            self._crash(life)

    # crashing

    def _crash(self, life: Life) -> None:
        if not life.step("crash"):
            return
        if life.server is not None:
            life.server.abort()
            life.server = None
        for name in ("ready", "unready", "kill", "crash"):
            self._stop_timer(life, name)
        now = self._cluster.clock.timestamp()
        pod = self._cluster.at(life.ref) or {"spec": {}}
        before = life.container
        last = status.terminated(before, now, 1, "Error")
        if pod["spec"].get("restartPolicy") == "Never":
            life.container = Container("terminated", moment=now, reason="Error", exit_code=1, restarts=before.restarts)
            self._write(life)
            return
        restarts = before.restarts + 1
        delay = START if restarts == 1 else min(FIRST_BACKOFF * 2 ** (restarts - 2), LAST_BACKOFF)
        life.container = Container(
            "waiting",
            reason="CrashLoopBackOff",
            message=f"back-off {delay:g}s restarting failed container",
            restarts=restarts,
            last=last,
        )
        life.born = self._loop.time() + delay - START
        self._write(life)
        self._tell.warn(life.ref, "BackOff", f"Back-off restarting failed container in pod {life.ref.name}")
        self._timer(life, "start", delay)

    # ending

    def _end_later(self, life: Life) -> None:
        """Deletion has begun (or its grace period was shortened)."""
        if not life.step("delete"):
            return
        pod = self._cluster.at(life.ref)
        if pod is None:
            return
        for name in ("pull", "pulled", "backoff", "start", "ready", "unready", "kill", "crash"):
            self._stop_timer(life, name)
        grace = float(pod["metadata"].get("deletionGracePeriodSeconds") or 0)
        passed = 0.0
        if life.deadline:  # asked before: the end is counted from then
            passed = life.behaviour.ends_after - max(life.deadline - self._loop.time(), 0.0)
        else:
            self._tell.each(life.ref, "Killing", "Stopping container {name}", pod)
        wait = max(min(life.behaviour.ends_after, grace) - passed, 0.0)
        if life.server is None:
            wait = min(wait, 0.0) if self._serve else wait
        life.deadline = self._loop.time() + wait
        self._timer(life, "end", wait)

    def _end(self, life: Life) -> None:
        if not life.step("end"):
            return
        server = life.server
        if server is None or not server.connections:
            self._closed(life)
            return
        self._tasks.start(self._close(life, server), f"end {life.ref.name}")

    async def _close(self, life: Life, server: PodServer) -> None:
        pod = self._cluster.at(life.ref)
        patience = 0.0
        if pod is not None and pod["metadata"].get("deletionTimestamp"):
            until = clock.parse(pod["metadata"]["deletionTimestamp"])
            patience = max((until - self._cluster.clock.now()).total_seconds(), 0.0)
        await server.close(patience)
        self._pace.do(partial(self._closed, life))

    def _closed(self, life: Life) -> None:
        if not life.step("closed"):
            return
        try:
            self._cluster.delete(life.ref, grace_seconds=0, uid=life.uid)
        except ApiError as error:
            if error.code not in (404, 409):
                raise
        self._gone(life)

    def _gone(self, life: Life) -> None:
        life.state = "gone"
        for timer in life.timers.values():
            timer.cancel()
        life.timers.clear()
        if life.server is not None:
            life.server.abort()
            life.server = None
        if life.address:
            self._network.release(life.address)
            life.address = ""
        key = f"{life.ref.namespace}/{life.ref.name}"
        if self._lives.get(key) is life:
            del self._lives[key]

    # writing

    def _write(self, life: Life) -> Object | None:
        pod = self._cluster.at(life.ref)
        if pod is None or pod["metadata"]["uid"] != life.uid:
            return None
        now = self._cluster.clock.timestamp()
        ready = life.container.ready and life.behaviour.ready
        pod["status"] = status.build(
            pod,
            msgspec.structs.replace(life.container, ready=ready),
            ip=life.address,
            started=life.started,
            now=now,
            node_ready=self._nodes.ready(life.node),
        )
        metadata = pod["metadata"]
        metadata["managedFields"] = with_status(
            self._cluster.rows["pods"], metadata.get("managedFields") or [], pod["status"], self._cluster.clock.now()
        )
        metadata.pop("resourceVersion", None)
        return self._cluster.update("pods", pod, "status")

    # time

    def _timer(self, life: Life, name: str, delay: float) -> None:
        self._stop_timer(life, name)
        life.timers[name] = self._loop.call_later(delay, self._due, life, name)

    def _stop_timer(self, life: Life, name: str) -> None:
        timer = life.timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _due(self, life: Life, name: str) -> None:
        life.timers.pop(name, None)
        life.timers = life.timers or {}  # a dict that was filled once keeps its room
        self._nodes.do(life.node, partial(self._actions[name], life))
