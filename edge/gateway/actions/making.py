"""Actions made ready to act: one file for each family, and here the table that finds them.

What acts is loaded with the first action of its kind: a worker holds what its rules need, and JWT alone weighs 10 MB.

Handlers that know something (a limit's counts, a cache of keys) go on knowing it across releases: an action that its
rule still has, word for word, keeps the handlers that it had.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias, assert_never

from edge.gateway.settings import Settings
from edge.model.actions import (
    BasicAuth,
    Cache,
    Compress,
    Cors,
    ErrorPage,
    ForwardAuth,
    HandlingAction,
    IpAccess,
    JwtAuth,
    LimitBody,
    LimitConcurrency,
    LimitRate,
    Mirror,
)
from edge.rules.decision import Handlers

Made: TypeAlias = Mapping[tuple[str, HandlingAction], Handlers]
"""By the rule's id and the action."""

NOTHING_MADE: Made = MappingProxyType({})

Open: TypeAlias = Callable[[str], str]
"""Opens a sealed secret of the application. Raises ValueError when its key does not fit or is not there."""


def without_key(text: str) -> str:
    """For applications that have no key."""
    raise ValueError("a rule has a secret, and the key that opens it is missing")


class Maker:
    """Makes the handlers of one release of an application, or finds them in `before`, those of the one before it;
    all that it handed out are in `made`. It is the `Make` of `edge.rules`."""

    def __init__(self, settings: Settings, before: Made = NOTHING_MADE, open: Open = without_key) -> None:
        self._settings = settings
        self._open = open
        self._before = before
        self.made: dict[tuple[str, HandlingAction], Handlers] = {}

    def __call__(self, action: HandlingAction, rule: str) -> Handlers:
        key = (rule, action)
        handlers = self.made.get(key) or self._before.get(key) or make(action, self._settings, self._open)
        self.made[key] = handlers
        return handlers


def make(action: HandlingAction, settings: Settings, open: Open = without_key) -> Handlers:
    """The gate and the filter of an action. Raises ValueError for what `edge.rules.validate` would have refused."""
    match action:
        case IpAccess():
            from edge.gateway.actions.networks import NetworkGate

            return Handlers(gate=NetworkGate(action))
        case BasicAuth():
            from edge.gateway.actions.basic import BasicGate

            return Handlers(gate=BasicGate(action))
        case JwtAuth():
            from edge.gateway.actions.bearer import BearerGate

            return Handlers(gate=BearerGate(action, open(action.secret) if action.secret else ""))
        case ForwardAuth():
            from edge.gateway.actions.forward_auth import ForwardAuthGate

            return Handlers(gate=ForwardAuthGate(action))
        case Cors():
            from edge.gateway.actions.cross_origin import CrossOrigin

            cross_origin = CrossOrigin(action)
            return Handlers(cross_origin, cross_origin)
        case ErrorPage():
            from edge.gateway.actions.error_page import Page

            return Handlers(filter=Page(action))
        case Compress():
            from edge.gateway.actions.compression import Compression

            return Handlers(filter=Compression(action))
        case Cache():
            from edge.gateway.actions.response_cache import ResponseCache

            cache = ResponseCache(action)
            return Handlers(cache, cache)
        case Mirror():
            from edge.gateway.actions.mirroring import Mirroring

            return Handlers(gate=Mirroring(action))
        case LimitRate():
            from edge.gateway.actions.rate_limit import RateLimit

            limit = RateLimit(action, settings.workers)
            return Handlers(limit, limit)
        case LimitConcurrency():
            from edge.gateway.actions.concurrency_limit import ConcurrencyLimit

            return Handlers(gate=ConcurrencyLimit(action, settings.workers))
        case LimitBody():
            from edge.gateway.actions.body_limit import BodyLimit

            return Handlers(gate=BodyLimit(action))
        case _:
            assert_never(action)
