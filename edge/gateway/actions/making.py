"""Actions made ready to act: one file for each family, and here the table that finds them."""

from __future__ import annotations

from typing import assert_never

from edge.gateway.actions.compression import Compression
from edge.gateway.actions.cross_origin import CrossOrigin
from edge.gateway.actions.error_page import Page
from edge.gateway.actions.mirroring import Mirroring
from edge.gateway.actions.networks import NetworkGate
from edge.gateway.actions.response_cache import ResponseCache
from edge.model.actions import Cache, Compress, Cors, ErrorPage, HandlingAction, IpAccess, Mirror
from edge.rules.decision import Handlers


def make(action: HandlingAction) -> Handlers:
    """The gate and the filter of an action. Raises ValueError for what `edge.rules.validate` would have refused."""
    match action:
        case IpAccess():
            return Handlers(gate=NetworkGate(action))
        case Cors():
            cross_origin = CrossOrigin(action)
            return Handlers(cross_origin, cross_origin)
        case ErrorPage():
            return Handlers(filter=Page(action))
        case Compress():
            return Handlers(filter=Compression(action))
        case Cache():
            cache = ResponseCache(action)
            return Handlers(cache, cache)
        case Mirror():
            return Handlers(gate=Mirroring(action))
        case _:
            assert_never(action)
