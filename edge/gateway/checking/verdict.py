"""When an endpoint is held to be unhealthy, and when healthy again. Pure."""

from __future__ import annotations

from typing import NamedTuple

from edge.model.health_check import HealthCheck


class Standing(NamedTuple):
    """What an endpoint is held to be, and how many checks in a row said otherwise. A new one is healthy: it is asked
    from its first moment, as its readiness says, until checks have failed."""

    healthy: bool = True
    against: int = 0


def after(standing: Standing, passed: bool, check: HealthCheck) -> Standing:
    """The standing after one more check."""
    if passed == standing.healthy:
        return Standing(standing.healthy)
    against = standing.against + 1
    if against >= (check.rise if passed else check.fall):
        return Standing(passed)
    return Standing(standing.healthy, against)
