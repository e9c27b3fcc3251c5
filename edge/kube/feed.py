"""One followed target with its objects at hand by the service that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any

from edge.kube.client import Client
from edge.kube.plan import Target
from edge.kube.reflector import Changes, Reflector
from edge.kube.resources import SLICES, Key

_NONE: Mapping[str, Any] = {}


class Feed:
    """A reflector and its index. `on_services` is told which services changed, or None when the first list came in;
    `on_health` when the reflector's health changed."""

    def __init__(
        self,
        client: Client,
        target: Target,
        *,
        random: Random,
        on_services: Callable[[Feed, Iterable[Key] | None], None],
        on_health: Callable[[Feed], None],
    ) -> None:
        self.target = target
        self._on_services = on_services
        self._known = False
        self._by_service: dict[Key, dict[str, Any]] = {}
        self._owner: dict[Key, Key] = {}
        self.reflector: Reflector[Any] = Reflector(
            client,
            target.resource,
            target.namespace,
            random=random,
            on_changes=self._changed,
            on_health=lambda: on_health(self),
        )

    def __repr__(self) -> str:
        return f"<Feed {self.reflector!r}>"

    @property
    def known(self) -> bool:
        """Whether a first list came in."""
        return self.reflector.synced

    def of_service(self, key: Key) -> Mapping[str, Any]:
        """The objects of a service, by their names."""
        return self._by_service.get(key, _NONE)

    def _changed(self, changes: Changes[Any]) -> None:
        touched: dict[Key, None] = {}
        for object in changes.gone:
            self._forget((object.metadata.namespace, object.metadata.name), touched)
        for object in changes.put:
            key = (object.metadata.namespace, object.metadata.name)
            service = self._service(object)
            if self._owner.get(key) != service:
                self._forget(key, touched)
            if service is not None:
                self._owner[key] = service
                self._by_service.setdefault(service, {})[key[1]] = object
                touched[service] = None
        first = not self._known
        self._known = True
        self._on_services(self, None if first else touched)

    def _service(self, object: Any) -> Key | None:
        if self.target.resource is not SLICES:
            return object.metadata.namespace, object.metadata.name
        labels = object.metadata.labels
        return (object.metadata.namespace, labels.service) if labels is not None and labels.service else None

    def _forget(self, key: Key, touched: dict[Key, None]) -> None:
        service = self._owner.pop(key, None)
        if service is None:
            return
        touched[service] = None
        objects = self._by_service[service]
        del objects[key[1]]
        if not objects:
            del self._by_service[service]
