"""Templates and the few functions they use."""

from __future__ import annotations

import importlib.resources
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import msgspec

from edge import __version__, clock
from edge.admin.console.charts import duration, per_second
from edge.admin.drafts.action_wording import action_text
from edge.admin.drafts.wording import condition_text

FOLDER = Path(str(importlib.resources.files("edge.admin.console")))

_GOOD = {"connected", "applied", "online", "ready", "released", "healthy"}
_WAITING = {"connecting", "waiting", "behind", "pending", "terminating", "stale"}


def tone(state: str) -> str:
    """How a state is coloured: good, waiting or bad."""
    if state in _GOOD:
        return "good"
    return "waiting" if state in _WAITING else "bad"


def moment(value: datetime | None) -> str:
    """A time as people read it: today's without its date; always UTC."""
    if value is None:
        return "never"
    value = value.astimezone(UTC)
    return f"{value:%H:%M:%S}" if value.date() == clock.now().date() else f"{value:%Y-%m-%d %H:%M}"


def plain(value: Any) -> str:
    """Anything as indented JSON, for showing a change before and after."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def percent(share: float) -> str:
    """A share of one; what is not nothing is not shown as nothing."""
    return "0 %" if not share else "< 0.1 %" if share < 0.001 else f"{share * 100:.3g} %"


def assets() -> tuple[str, ...]:
    """The scripts that the build could fetch; without them pages reload instead of updating in place."""
    vendor = FOLDER / "static" / "vendor"
    names = ("htmx.min.js", "hx-sse.min.js")
    return tuple(f"/static/vendor/{name}" for name in names) if all((vendor / name).is_file() for name in names) else ()


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(assets=assets(), build=__version__, pairs=lambda names: [(name, name) for name in names])
    environment.filters.update(
        tone=tone,
        moment=moment,
        plain=plain,
        percent=percent,
        per_second=per_second,
        duration=duration,
        condition_text=condition_text,
        action_text=action_text,
    )
    return environment


TEMPLATES = _environment()
