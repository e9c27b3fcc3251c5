"""How an agent tells a worker who it is: one JSON argument, and the descriptors that it names.

    python -m edge.gateway.process '{"index": 0, "channel": 9, "listeners": [6], "tls_listeners": [7], "settings": {…}}'

- `listeners`, `tls_listeners`: sockets for plain HTTP and for TLS that the agent has bound and that already
  listen; every worker accepts on the same ones. A worker closes its copies when it drains.
- `channel`: one end of a socketpair, for `FrameChannel`. The worker runs a `Subscription` over it from its start,
  answering "metrics" with an encoded `metrics.Measures` and "snapshot" with the object of the contracts'
  `/-/snapshot`, and accepts connections once `Subscription.caught_up` is set: so a worker that is started again
  answers no request before it has what the others serve. When the channel closes, it drains (at most
  `settings.drain_timeout`) and exits with 0.
- `own`: where the agent itself listens; neither those ports nor the listeners' are ever endpoints (`own_ports`).
- SIGTERM and SIGINT mean the same; the agent itself never sends them before the drain time is over.

Nothing in it is secret: arguments can be read by everybody on the machine.
"""

from __future__ import annotations

import msgspec

from edge.gateway.listening import ListenAddress
from edge.gateway.settings import Settings


class Launch(msgspec.Struct, frozen=True):
    """`index` counts from 0 and stays the same when the worker is restarted; the others are file descriptors."""

    index: int
    channel: int
    listeners: tuple[int, ...]
    settings: Settings = Settings()
    own: tuple[ListenAddress, ...] = ()
    tls_listeners: tuple[int, ...] = ()

    def argument(self) -> str:
        """The worker's only argument."""
        return msgspec.json.encode(self).decode()


def read(argument: str) -> Launch:
    """What an agent wrote. Raises msgspec.MsgspecError."""
    return msgspec.json.decode(argument, type=Launch)
