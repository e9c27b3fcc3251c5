"""Page rules made ready to run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from edge.rules.decision import Decision
from edge.rules.request import Request

Decide: TypeAlias = Callable[[Request], Decision]
