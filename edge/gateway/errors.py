"""What keeps a gateway from running."""

from __future__ import annotations


class GatewayError(Exception):
    """The gateway cannot run; the message tells its operator why and what to do."""
