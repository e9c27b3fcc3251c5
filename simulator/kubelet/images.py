"""Pulling a pod's image, when its annotations make that take long or fail (kubelet/images/image_manager.go)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.controllers.cluster import Ref
from simulator.kubelet.life import FIRST_BACKOFF, LAST_BACKOFF, START, Life
from simulator.kubelet.status import Container
from simulator.kubelet.telling import Teller

Object = dict[str, Any]


class Images:
    """The states `pulling` and `unpulled` of `life`: `write` writes a pod's status, `timer` sets one of its timers."""

    def __init__(
        self,
        tell: Teller,
        at: Callable[[Ref], Object | None],
        write: Callable[[Life], Object | None],
        timer: Callable[[Life, str, float], None],
    ) -> None:
        self._tell = tell
        self._at = at
        self._write = write
        self._timer = timer

    def pull(self, life: Life) -> None:
        if not life.step("pull"):
            return
        pod = self._wait(life, "ContainerCreating") if life.container.reason == "ContainerCreating" else None
        self._tell.each(life.ref, "Pulling", "Pulling image {image}", pod)
        self._timer(life, "pulled", life.behaviour.pull_after)

    def pulled(self, life: Life) -> None:
        error, took = life.behaviour.pull_error, life.behaviour.pull_after
        if not error and life.step("pulled"):
            life.pulled, life.failures = True, 0
            text = f"in {took:g}s ({took:g}s including waiting). Image size: 0 bytes."
            self._tell.each(life.ref, "Pulled", f"Successfully pulled image {{image}} {text}")
            life.born += took
            self._timer(life, "start", min(life.behaviour.ready_after, START))
        elif error and life.step("failed"):
            pod = self._wait(life, "ErrImagePull", error)
            self._tell.each(life.ref, "Failed", f"Failed to pull image {{image}}: {error}", pod, warning=True)
            self._tell.warn(life.ref, "Failed", "Error: ErrImagePull")
            self._timer(life, "backoff", 1.0)
            delay = min(FIRST_BACKOFF * 2**life.failures, LAST_BACKOFF)
            self._timer(life, "pull", delay)
            life.born += took + delay
            life.failures += 1

    def back_off(self, life: Life) -> None:
        if life.state == "unpulled":
            pod = self._at(life.ref) or {"spec": {}}
            images = [container.get("image", "") for container in pod["spec"].get("containers") or []]
            text = f'Back-off pulling image "{images[0] if images else ""}": ErrImagePull: {life.behaviour.pull_error}'
            self._wait(life, "ImagePullBackOff", text)
            self._tell.each(life.ref, "BackOff", "Back-off pulling image {image}")

    def _wait(self, life: Life, reason: str, message: str = "") -> Object | None:
        life.container = Container("waiting", reason=reason, message=message)
        return self._write(life)
