"""What asking an endpoint came to, and when it is passed over: pure functions of failures and time.

Words: an *ejected* endpoint is passed over as long as another can be asked; when its time is over it is *on trial*: one
request is sent to it, and the others go on passing it over until that is answered, or fails.
"""

from __future__ import annotations

import msgspec

from edge.gateway.settings import Settings


class Health(msgspec.Struct, frozen=True, gc=False):
    """What asking an origin came to: `failures` in a row, without any answer in between, `ejections` in a row, passed
    over until `until`, `on_trial` by all but one request."""

    failures: int = 0
    ejections: int = 0
    until: float = 0.0
    on_trial: bool = False


HEALTHY = Health()


def after_failure(health: Health, now: float, settings: Settings) -> Health:
    """The health after one more failure; ejects at `ejection_failures`, and at once after an ejection has run out."""
    failures = health.failures + 1
    if (now < health.until and not health.on_trial) or (failures < settings.ejection_failures and not health.ejections):
        return Health(failures, health.ejections, health.until)
    seconds = min(settings.ejection_time * 2**health.ejections, settings.ejection_time_limit)
    return Health(failures, min(health.ejections + 1, 16), now + seconds)


def after_choice(health: Health, now: float, settings: Settings) -> Health:
    """The health once a request is sent all the same: if its ejection has run out, that is the trial. One that comes to
    nothing, not even a failure, makes room for the next after the first ejection's time."""
    if not health.ejections or now < health.until:
        return health
    return Health(health.failures, health.ejections, now + settings.ejection_time, True)
